package exporter

import (
	"fmt"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
)

func TestTheDocumentHasEverySeries(t *testing.T) {
	g := NewWithT(t)
	document, err := os.ReadFile("../../docs/metrics.md")
	g.Expect(err).NotTo(HaveOccurred())
	want := []string{row(requestsName, "counter", requestsLabels, requestsHelp), row(durationsName, "histogram", durationsLabels, durationsHelp)}
	for _, f := range families {
		kind := "gauge"
		if f.kind == prometheus.CounterValue {
			kind = "counter"
		}
		want = append(want, row(f.name, kind, f.labels, f.help))
	}
	var have []string
	for line := range strings.Lines(string(document)) {
		if strings.HasPrefix(line, "| `ontap_san_") {
			have = append(have, strings.TrimSpace(line))
		}
	}
	g.Expect(have).To(ConsistOf(want))
}

func row(name, kind string, labels []string, help string) string {
	return fmt.Sprintf("| `%s` | %s | %s | %s |", name, kind, strings.Join(labels, ", "), help)
}
