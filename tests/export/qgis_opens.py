"""Run by QGIS's own Python: open a result folder as an analyst does, and print what was seen.

Usage: qgis_opens.py FOLDER PICTURES
"""

import json
import os
import sys
import tempfile

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp()
os.environ["QGIS_CUSTOM_CONFIG_PATH"] = tempfile.mkdtemp()

from qgis.core import (
    QgsApplication,
    QgsDateTimeRange,
    QgsExpressionContextUtils,
    QgsFeatureRequest,
    QgsLayoutExporter,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRenderContext,
    QgsVectorLayer,
    QgsVectorLayerTemporalContext,
)
from qgis.PyQt.QtCore import QDateTime, QSize, Qt
from qgis.PyQt.QtGui import QColor


def drawn(layer):
    """Count the features with a shape, and those of them that have no symbol."""
    renderer = layer.renderer().clone()
    context = QgsRenderContext()
    context.expressionContext().appendScopes(
        QgsExpressionContextUtils.globalProjectLayerScopes(layer)
    )
    renderer.startRender(context, layer.fields())
    shapes = left_out = 0
    for feature in layer.getFeatures():
        if feature.hasGeometry():
            shapes += 1
            context.expressionContext().setFeature(feature)
            left_out += renderer.originalSymbolForFeature(feature, context) is None
    renderer.stopRender(context)
    return shapes, left_out


def describe(layer):
    renderer = layer.renderer() if layer.isSpatial() else None
    shapes, left_out = drawn(layer) if renderer else (0, 0)
    names = [layer.attributeDisplayName(at) for at in range(layer.fields().count())]
    return {
        "valid": layer.isValid(),
        "rows": layer.featureCount(),
        "shapes": shapes,
        "without_symbol": left_out,
        "renderer": renderer.type() if renderer else None,
        "labels": layer.labelsEnabled(),
        "title": layer.metadata().title(),
        "abstract": layer.metadata().abstract(),
        "names": names,
        "crs": layer.crs().authid(),
        "temporal": layer.temporalProperties().isActive(),
    }


def on_day(layer, day):
    start = QDateTime.fromString(f"{day}T00:00:00Z", Qt.ISODate)
    context = QgsVectorLayerTemporalContext()
    context.setLayer(layer)
    text = layer.temporalProperties().createFilterString(
        context,
        QgsDateTimeRange(start, start.addDays(1), True, False),  # noqa: FBT003
    )
    request = QgsFeatureRequest().setFilterExpression(text)
    return sum(1 for _ in layer.getFeatures(request))


def colours(project, theme, path):
    """Draw a theme and count the colours of the picture."""
    settings = QgsMapSettings()
    settings.setLayers(project.mapThemeCollection().mapThemeVisibleLayers(theme))
    settings.setExtent(project.viewSettings().defaultViewExtent())
    settings.setOutputSize(QSize(700, 500))
    settings.setBackgroundColor(QColor("white"))
    settings.setDestinationCrs(project.crs())
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(path)
    seen = {image.pixel(x, y) for x in range(0, 700, 3) for y in range(0, 500, 3)}
    return {"errors": len(job.errors()), "colours": len(seen)}


def main(folder, pictures):
    found = {"file": {}, "project": {}, "themes": {}, "layouts": {}}
    data = os.path.join(folder, "results.gpkg")  # noqa: PTH118
    project = QgsProject.instance()
    found["read"] = project.read(os.path.join(folder, "results.qgz"))  # noqa: PTH118
    found["crs"] = project.crs().authid()
    order = project.layerTreeRoot().layerOrder()
    for layer in [*order, *(x for x in project.mapLayers().values() if x not in order)]:
        name = layer.source().rpartition("layername=")[2]
        found["project"][name] = describe(layer)
        found["file"][name] = describe(QgsVectorLayer(f"{data}|layername={name}", name, "ogr"))
        if name == "disruptions":
            found["days"] = {day: on_day(layer, day) for day in sys.argv[3:]}
    span = project.timeSettings().temporalRange()
    found["time"] = [span.begin().toString(Qt.ISODate), span.end().toString(Qt.ISODate)]
    for at, theme in enumerate(project.mapThemeCollection().mapThemes()):
        found["themes"][theme] = colours(project, theme, f"{pictures}/theme{at}.png")
    for at, layout in enumerate(project.layoutManager().printLayouts()):
        settings = QgsLayoutExporter.ImageExportSettings()
        settings.dpi = 50
        path = f"{pictures}/layout{at}.png"
        code = QgsLayoutExporter(layout).exportToImage(path, settings)
        found["layouts"][layout.name()] = {"code": int(code), "bytes": os.path.getsize(path)}  # noqa: PTH202
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    application = QgsApplication([], False)  # noqa: FBT003
    application.initQgis()
    main(*sys.argv[1:3])
    application.exitQgis()
