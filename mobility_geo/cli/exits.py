"""Exit codes: one list, for the program, its tests and the documentation."""

from typing import Final

SUCCESS: Final = 0
FAULT: Final = 1
USAGE: Final = 2
INPUT: Final = 3
OUTPUT: Final = 4
CONSERVATION: Final = 5
PARTIAL: Final = 6
INTERRUPTED: Final = 130

MEANING: Final[dict[int, str]] = {
    SUCCESS: "done",
    FAULT: "a fault of the toolkit; please report it with the message",
    USAGE: "the command line is wrong: unknown command, option or missing argument",
    INPUT: "the input is wrong: scenario file, tables, dates, ids; all problems are listed",
    OUTPUT: "the results could not be written; what was there before is untouched",
    CONSERVATION: "people were lost or invented: a fault of the toolkit; nothing was written",
    PARTIAL: "done in part: some of what was asked could not be answered; each with its reason",
    INTERRUPTED: "interrupted with Ctrl-C; nothing half-written was left behind",
}
