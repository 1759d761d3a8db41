module kosmonaut

go 1.19
