GOBIN="$PWD/bin" CGO_ENABLED=0 go install miniflux.app/v2@v2.3.5
