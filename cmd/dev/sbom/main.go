// Command sbom writes the bill of materials of a built binary, as CycloneDX 1.6 in JSON. It reads what the linker wrote
// into the binary, not what the repository says, so it tells of the very thing that runs; licences are read from the
// sources in the module cache. The same binary gives the same bill.
//
//	go run ./sbom BINARY > sbom.cdx.json
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sbom BINARY > sbom.cdx.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(binary string, out io.Writer) error {
	m, err := read(binary)
	if err != nil {
		return err
	}
	if err := m.findLicences(); err != nil {
		return err
	}
	return m.write(out)
}
