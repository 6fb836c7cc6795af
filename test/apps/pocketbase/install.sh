export GOTOOLCHAIN=go1.27.3 GOBIN="$PWD/bin" CGO_ENABLED=0
go install github.com/pocketbase/pocketbase/examples/base@v0.40.4
