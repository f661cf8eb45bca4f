package simulator

import (
	"io"
	"net/http"
	"testing"
)

// BenchmarkPageOverTLS is what a client waits for a page of 1,000 services with metrics from an array of 10,000 SVMs.
func BenchmarkPageOverTLS(b *testing.B) {
	scenario, err := ParseScenario([]byte("accounts: [{name: admin, password: secret}]\ngenerate: {svms: 10000, services: true}"))
	if err != nil {
		b.Fatal(err)
	}
	sim, err := Start(Options{Scenario: scenario, Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	client := sim.trustingClient()
	b.Cleanup(func() {
		client.CloseIdleConnections()
		_ = sim.Close()
	})
	request, err := http.NewRequest(http.MethodGet, sim.URL+services+"?fields=*,metric&max_records=1000", nil)
	if err != nil {
		b.Fatal(err)
	}
	request.SetBasicAuth("admin", "secret")
	for b.Loop() {
		response, err := client.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			b.Fatal(response.Status, err)
		}
		b.SetBytes(n)
		_ = response.Body.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/page")
}
