(* The function of the row ocaml. *)
let () = Callback.register "foo" (fun x -> x + 100)
