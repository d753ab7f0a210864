"use strict";
(function () {
  // Text from data is only ever set as text, never as markup.
  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function drawing(name, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    return made;
  }

  function card(feature) {
    const box = element("div", undefined, "mg-card");
    box.appendChild(element("h3", feature.t));
    const table = element("table");
    for (const [key, value] of feature.r || []) {
      const row = element("tr");
      const head = element("th", key);
      head.scope = "row";
      row.append(head, element("td", value));
      table.appendChild(row);
    }
    box.appendChild(table);
    return box;
  }

  function wedge(radius, start, end) {
    const at = (turn) => {
      const angle = 2 * Math.PI * turn - Math.PI / 2;
      return (radius * Math.cos(angle)).toFixed(2) + " " + (radius * Math.sin(angle)).toFixed(2);
    };
    return "M0 0L" + at(start) + "A" + radius + " " + radius + " 0 " +
      (end - start > 0.5 ? 1 : 0) + " 1 " + at(end) + "Z";
  }

  // One symbol: a pie, or a shape; used on the map and in the legend.
  function symbol(style) {
    const radius = style.radius || 5;
    const size = 2 * radius + 4;
    const svg = drawing("svg", { width: size, height: size, "aria-hidden": "true",
      viewBox: -size / 2 + " " + -size / 2 + " " + size + " " + size });
    const paint = { fill: style.fill || "none", stroke: style.line || "#333",
      "stroke-width": style.width || 1, "fill-opacity": style.opacity === undefined ? 1 : style.opacity };
    if (style.dash) paint["stroke-dasharray"] = style.dash;
    if (style.pie) {
      let start = 0;
      for (const [share, colour] of style.pie) {
        svg.appendChild(share > 0.9999
          ? drawing("circle", { r: radius, fill: colour })
          : drawing("path", { d: wedge(radius, start, start + share), fill: colour }));
        start += share;
      }
      svg.appendChild(drawing("circle", { r: radius, fill: "none", stroke: "#fff", "stroke-width": 1.2 }));
    } else if (style.shape === "square") {
      svg.appendChild(drawing("rect", Object.assign({ x: -radius, y: -radius, width: 2 * radius, height: 2 * radius }, paint)));
    } else if (style.shape === "diamond") {
      svg.appendChild(drawing("path", Object.assign({ d: `M0 ${-radius}L${radius} 0L0 ${radius}L${-radius} 0Z` }, paint)));
    } else if (style.shape === "cross") {
      const path = `M${-radius} ${-radius}L${radius} ${radius}M${radius} ${-radius}L${-radius} ${radius}`;
      svg.appendChild(drawing("path", { d: path, stroke: "#fff", "stroke-width": radius + 1 }));
      svg.appendChild(drawing("path", { d: path, stroke: style.line || "#333", "stroke-width": radius * 0.62 }));
    } else {
      svg.appendChild(drawing("circle", Object.assign({ r: radius }, paint)));
    }
    return svg;
  }

  function sample(entry) {
    if (entry.shape === "fill" || entry.shape === "line") {
      const svg = drawing("svg", { width: 26, height: 14, "aria-hidden": "true" });
      const paint = { stroke: entry.line || "#333", "stroke-width": entry.width || 1 };
      if (entry.dash) paint["stroke-dasharray"] = entry.dash;
      if (entry.shape === "line") {
        svg.appendChild(drawing("line", Object.assign({ x1: 1, x2: 25, y1: 7, y2: 7 }, paint)));
      } else {
        svg.appendChild(drawing("rect", Object.assign({ x: 1, y: 1, width: 24, height: 12,
          fill: entry.fill || "none", "fill-opacity": entry.opacity === undefined ? 1 : entry.opacity }, paint)));
      }
      return svg;
    }
    return symbol(entry);
  }

  function leafletStyle(style, pane, renderer) {
    return { pane: pane, renderer: renderer, color: style.line || "#333", weight: style.width === undefined ? 1 : style.width,
      opacity: style.lineOpacity === undefined ? 1 : style.lineOpacity, dashArray: style.dash || null,
      fill: style.fill !== undefined, fillColor: style.fill,
      fillOpacity: style.opacity === undefined ? 1 : style.opacity };
  }

  function makeLayer(map, layer, number, canvas) {
    const pane = "mg-" + number;
    map.createPane(pane).style.zIndex = 400 + number;
    const renderer = canvas || L.svg({ pane: pane });
    const group = L.layerGroup();
    // keep cards clear of the legend on the left
    const popup = { maxWidth: 340, autoPanPaddingTopLeft: [map.getSize().x > 760 ? 265 : 10, 12],
      autoPanPaddingBottomRight: [12, 12] };
    for (const feature of layer.features) {
      const style = layer.styles[feature.s];
      let made;
      if (layer.kind === "points") {
        const icon = symbol(Object.assign({}, style, feature.o || {}));
        const size = Number(icon.getAttribute("width"));
        made = L.marker(feature.g, { pane: pane, keyboard: Boolean(feature.t), riseOnHover: true,
          icon: L.divIcon({ html: icon, className: "mg-pin", iconSize: [size, size], iconAnchor: [size / 2, size / 2] }) });
        made.on("add", function () {
          this.getElement().setAttribute("aria-label", feature.t || "");
        });
      } else {
        const options = leafletStyle(style, canvas ? "overlayPane" : pane, renderer);
        options.interactive = Boolean(feature.t);
        made = layer.kind === "areas" ? L.polygon(feature.g, options) : L.polyline(feature.g, options);
      }
      if (feature.t) {
        const tip = element("span", feature.t);
        made.bindTooltip(tip, { sticky: layer.kind !== "points" });
        made.bindPopup(function () { return card(feature); }, popup);
        made.on("popupopen", function () { this.closeTooltip(); });
      }
      group.addLayer(made);
    }
    return group;
  }

  // Names are shown from the weightiest down, as long as they do not lie on one another.
  function nameLayer(map, names) {
    const pane = map.createPane("mg-names");
    pane.style.zIndex = 640;
    pane.style.pointerEvents = "none";
    const group = L.layerGroup();
    const made = names.map(function (name) {
      const html = element("span", name.t);
      if (name.o) html.style.marginLeft = name.o + "px";
      const marker = L.marker(name.g, { pane: "mg-names", interactive: false, keyboard: false,
        icon: L.divIcon({ html: html, className: "mg-name " + (name.c || ""), iconSize: [0, 0] }) });
      group.addLayer(marker);
      return { marker: marker, html: html, point: L.latLng(name.g) };
    });
    function thin() {
      if (!map.hasLayer(group)) return;
      const taken = [];
      for (const name of made) {
        const box = name.html.getBoundingClientRect();
        const free = box.width > 0 && !taken.some((other) => box.left < other.right + 3 &&
          other.left < box.right + 3 && box.top < other.bottom && other.top < box.bottom);
        name.html.style.visibility = free ? "visible" : "hidden";
        if (free) taken.push(box);
      }
    }
    map.on("zoomend moveend resize layeradd", () => requestAnimationFrame(thin));
    return group;
  }

  function legendControl(groups, open) {
    const control = L.control({ position: "bottomleft" });
    control.onAdd = function (map) {
      const box = element("details", undefined, "mg-legend");
      box.open = open;
      box.style.maxHeight = Math.max(map.getSize().y - 150, 120) + "px";
      box.appendChild(element("summary", "Legend"));
      for (const group of groups) {
        box.appendChild(element("h3", group.heading));
        const list = element("ul");
        for (const entry of group.entries) {
          const item = element("li");
          item.append(sample(entry), element("span", entry.text));
          list.appendChild(item);
        }
        box.appendChild(list);
      }
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    return control;
  }

  function escaped(text) {
    return element("span", text).innerHTML;
  }

  function draw(target) {
    const spec = JSON.parse(document.getElementById(target.dataset.map).textContent);
    const map = L.map(target, { attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5,
      wheelPxPerZoomLevel: 90, minZoom: 2, maxZoom: 16, fadeAnimation: false,
      scrollWheelZoom: target.dataset.scroll !== "off" });
    // thousands of shapes: one canvas is quicker than many elements
    const canvas = spec.many ? L.canvas() : null;
    const switches = {};
    spec.layers.forEach(function (layer, number) {
      const made = makeLayer(map, layer, number, canvas);
      if (layer.shown) made.addTo(map);
      // Leaflet sets these names as markup
      switches[escaped(layer.name)] = made;
    });
    const wide = target.clientWidth > 760;
    L.control.layers(null, switches, { collapsed: target.clientWidth < 1200 }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
    if (spec.legend.length) legendControl(spec.legend, wide && target.clientHeight > 520).addTo(map);
    map.fitBounds(spec.bounds);
    if (spec.names.length) nameLayer(map, spec.names).addTo(map);
    map.fire("moveend");
    target.dataset.drawn = "yes";
  }

  document.querySelectorAll("[data-map]").forEach(draw);
})();
