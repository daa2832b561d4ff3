;; The Scheme of the C program (main.c).
(import (chicken platform))
(include "gui.scm")
(return-to-host)
