module scenario

go 1.19

require kosmonaut v0.0.0

replace kosmonaut => ../../../examples/ffi/go
