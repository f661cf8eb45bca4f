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
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var update = flag.Bool("update", false, "put into the pages what their commands print")

func TestMain(m *testing.M) {
	if program, is := programs[filepath.Base(os.Args[0])]; is {
		os.Exit(program())
	}
	os.Exit(m.Run())
}

func TestTranscripts(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(60 * time.Second)
	SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	// Without this, a case that has a context waits for as long as that lasts.
	EnforceDefaultTimeoutsWhenUsingContexts()
	suite, reporter := GinkgoConfiguration()
	reporter.Verbose, reporter.NoColor = testing.Verbose(), true
	RunSpecs(t, "Transcripts", suite, reporter)
}

// newBed is for the programs of one case. It keeps their logs if the case fails.
func newBed() *testbed.Bed {
	GinkgoHelper()
	bed, err := testbed.New()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		if CurrentSpecReport().Failed() {
			GinkgoWriter.Printf("The logs are in %s\n", bed.Dir)
			Expect(bed.Stop()).To(Succeed())
			return
		}
		Expect(bed.Close()).To(Succeed())
	})
	return bed
}
