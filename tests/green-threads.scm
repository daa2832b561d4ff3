;;; Green threads for the cases that include this file, as srfi-18, an egg, has them.

;; Starts a green thread that calls THUNK and ends; its quantum is short. It is marked as ended once
;; more, in one step with leaving: the timer may come between, and makes ready what it interrupts.
(define (start-thread thunk)
  (let ((thread (##sys#make-thread #f 'created 'green 10)))
    (##sys#setslot thread 1
                   (lambda ()
                     (thunk)
                     (##sys#thread-kill! thread 'dead)
                     (##sys#setslot thread 3 'dead)
                     (##sys#schedule)))
    (##sys#setslot thread 3 'ready)
    (##sys#add-to-ready-queue thread)
    thread))
