// Package transcripts runs what the documentation shows, and compares what is printed with what the pages say. A page is
// put right with
//
//	go -C test test ./transcripts -update
package transcripts

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/ontap-operator/ontap-san-operator/test/suite"
)

var update = flag.Bool("update", false, "put into the pages what their commands print")

func TestMain(m *testing.M) {
	if program, is := programs[filepath.Base(os.Args[0])]; is {
		os.Exit(program())
	}
	os.Exit(m.Run())
}

func TestTranscripts(t *testing.T) { suite.Run(t, "Transcripts") }
