(import (chicken base) (chicken foreign))
(foreign-declare "void begin_early(void);")
((foreign-lambda void "begin_early"))
