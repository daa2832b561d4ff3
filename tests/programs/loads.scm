;; A program, or a script, that loads the extension and does all with it that app does.
(import (chicken base) (chicken time) (chicken gc) (chicken foreign) callseq)
(load "./ext.so")
(include "manners.scm")
