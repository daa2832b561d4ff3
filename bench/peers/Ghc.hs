-- The function of the row ghc.
module Ghc where

import Data.Int (Int32)

foreign export ccall foo :: Int32 -> Int32

foo :: Int32 -> Int32
foo x = x + 100
