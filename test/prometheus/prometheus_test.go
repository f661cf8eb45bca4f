package prometheus

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// The last case takes away what the others look at.
var _ = Describe("Metrics", Ordered, func() {
	It("are shown neither to a stranger nor to an account without the role", func(ctx SpecContext) {
		Expect(first(get(ctx, metricsURL, ""))).To(Equal(http.StatusUnauthorized))
		status, body := get(ctx, metricsURL, "made up")
		Expect(status).NotTo(Equal(http.StatusOK), "controller-runtime says 500")
		Expect(body).NotTo(ContainSubstring("ontap_san_"))
		Expect(first(get(ctx, metricsURL, account(ctx, "guest")))).To(Equal(http.StatusForbidden))
	})

	It("are such that promtool finds nothing wrong with them", func(ctx SpecContext) {
		status, text := get(ctx, metricsURL, reader(ctx, "linter"))
		Expect(status).To(Equal(http.StatusOK))
		var own strings.Builder
		for line := range strings.Lines(text) {
			// The series of controller-runtime and of Go are not ours to name.
			if strings.Contains(line, "ontap_san_") {
				own.WriteString(line)
			}
		}
		Expect(own.String()).To(ContainSubstring(`ontap_san_iscsi_service_enabled{name="orders"`))
		out, err := bed.Promtool(ctx, bed.Dir, own.String(), "check", "metrics")
		Expect(err).NotTo(HaveOccurred(), out)
		Expect(out).To(BeEmpty())
	})

	It("are scraped by Prometheus, which keeps the labels of the objects", func(ctx SpecContext) {
		Eventually(query).WithContext(ctx).WithArguments(`up{job="ontap-san"} == 1`).Should(HaveLen(1))
		Eventually(query).WithContext(ctx).
			WithArguments(`ontap_san_iscsi_service_info{namespace="team-a",name="orders",ontapcluster="default",svm="team-a-orders",origin="Created"} == 1`).
			Should(HaveLen(1))
		Eventually(query).WithContext(ctx).WithArguments(`{__name__=~"ontap_san_.+",svm="team-b-web"}`).Should(BeEmpty())
	})

	It("have data for every query of the dashboard", func(ctx SpecContext) {
		queries := dashboardQueries()
		Expect(len(queries)).To(BeNumerically(">", 20))
		for _, expression := range queries {
			Eventually(query).WithContext(ctx).WithArguments(expression).ShouldNot(BeEmpty(), expression)
		}
	})

	It("are what every alert can be evaluated over", func(ctx SpecContext) {
		type rule struct {
			Name, Health, LastError string
			Annotations             map[string]string
		}
		var loaded struct {
			Groups []struct{ Rules []rule }
		}
		Eventually(func(g Gomega) {
			g.Expect(prometheus.Get(ctx, "/api/v1/rules", &loaded)).To(Succeed())
			g.Expect(loaded.Groups).To(HaveLen(1))
			g.Expect(loaded.Groups[0].Rules).To(HaveLen(8))
			g.Expect(loaded.Groups[0].Rules).To(HaveEach(And(HaveField("Health", "ok"), HaveField("LastError", BeEmpty()))))
		}).WithContext(ctx).Should(Succeed())
		runbooks, err := os.ReadFile(bed.Path("docs", "runbooks.md"))
		Expect(err).NotTo(HaveOccurred())
		for _, alert := range loaded.Groups[0].Rules {
			Expect(alert.Annotations["runbook_url"]).To(HaveSuffix("/docs/runbooks.md#" + strings.ToLower(alert.Name)))
			Expect(string(runbooks)).To(ContainSubstring("\n## " + alert.Name + "\n"))
		}
	})

	It("show the first drift that is put right, and an alert fires", func(ctx SpecContext) {
		const corrected = `ontap_san_drift_corrected_total{namespace="team-a",name="archive",field="enabled"}`
		Eventually(query).WithContext(ctx).WithArguments(corrected + " == 0").Should(HaveLen(1))
		Expect(array.ChangeService(ctx, "team-a-archive", testbed.SVMService{Enabled: new(false)})).To(Succeed())
		Eventually(query).WithContext(ctx).WithArguments(corrected + " == 1").Should(HaveLen(1))
		Eventually(query).WithContext(ctx).
			WithArguments(`ALERTS{alertname="ISCSIServiceDisabledAndPutBack",alertstate="firing",name="archive"}`).Should(HaveLen(1))
	})

	It("vanish with their object: the figures of a service, the requests to an array", func(ctx SpecContext) {
		Eventually(query).WithContext(ctx).WithArguments(`{name="orders"}`).ShouldNot(BeEmpty())
		kubectl(ctx, "-n", testbed.SamplesNamespace, "delete", "iscsisvc", "orders", "--timeout=60s")
		Eventually(query).WithContext(ctx).WithArguments(`{__name__!="ALERTS",name="orders"}`).Should(BeEmpty())
		Expect(query(ctx, `ontap_san_iscsi_service_enabled{name="archive"}`)).To(HaveLen(1))

		kubectl(ctx, "-n", testbed.SamplesNamespace, "delete", "iscsisvc", "archive", "--timeout=60s")
		Eventually(query).WithContext(ctx).WithArguments(`ontap_san_array_requests_total`).ShouldNot(BeEmpty())
		kubectl(ctx, "delete", "ontapcluster", "default", "--timeout=60s")
		Eventually(query).WithContext(ctx).WithArguments(`{__name__=~"ontap_san_.+"}`).Should(BeEmpty())
	})
})

var _ = Describe("Profiles", func() {
	It("are served where the flag says, and only there", func(ctx SpecContext) {
		Expect(first(get(ctx, profilesURL, ""))).To(Equal(http.StatusOK))
		Expect(first(get(ctx, strings.Replace(metricsURL, "/metrics", "/debug/pprof/", 1), reader(ctx, "profiler")))).NotTo(Equal(http.StatusOK))
	})
})

var _ = Describe("promtool", func() {
	It("finds nothing wrong with the rules", func(ctx SpecContext) {
		out, err := bed.Promtool(ctx, bed.Dir, "", "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
		Expect(err).NotTo(HaveOccurred(), out)
	})

	It("sees each alert fire when it should, and only then", func(ctx SpecContext) {
		tests, err := os.ReadFile(bed.Path("test", "prometheus", "alerts.yaml"))
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(bed.Dir, "alerts.yaml"), tests, 0o600)).To(Succeed())
		out, err := bed.Promtool(ctx, bed.Dir, "", "test", "rules", "alerts.yaml")
		Expect(err).NotTo(HaveOccurred(), out)
		for line := range strings.Lines(string(rules())) {
			if _, alert, ok := strings.Cut(line, "alert: "); ok {
				Expect(string(tests)).To(MatchRegexp(`(?m)^    alertname: %s$`, strings.TrimSpace(alert)), "it has a test in which it fires")
				Expect(string(tests)).To(ContainSubstring("m, alertname: "+strings.TrimSpace(alert)+"}"), "and one in which it does not")
			}
		}
	})
})

var _ = Describe("config/prometheus", func() {
	It("is put together by kustomize, with the whole dashboard", func(ctx SpecContext) {
		out := kubectl(ctx, "kustomize", bed.Path("config", "prometheus"))
		Expect(out).To(And(ContainSubstring("kind: ServiceMonitor"), ContainSubstring("kind: PrometheusRule"),
			ContainSubstring("grafana_dashboard: \"1\""), ContainSubstring("honorLabels: true")))
	})
})

// dashboardQueries are those of the panels and of the variables, with everything selected.
func dashboardQueries() []string {
	GinkgoHelper()
	file, err := os.ReadFile(bed.Path("config", "prometheus", "dashboard.json"))
	Expect(err).NotTo(HaveOccurred())
	var dashboard struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct {
				Type  string
				Query any
			}
		}
	}
	Expect(json.Unmarshal(file, &dashboard)).To(Succeed())
	everything := strings.NewReplacer("$ontapcluster", ".*", "$namespace", ".*", "$name", ".*", "$window", "5m")
	var queries []string
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, everything.Replace(target.Expr))
		}
	}
	for _, variable := range dashboard.Templating.List {
		if details, ok := variable.Query.(map[string]any); ok {
			text, _ := details["query"].(string)
			series, label, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(text, "label_values("), ")"), ", ")
			Expect(ok).To(BeTrue(), text)
			queries = append(queries, everything.Replace("count by ("+label+") ("+series+")"))
		}
	}
	Expect(strings.Join(queries, "\n")).NotTo(ContainSubstring("$"))
	return queries
}

func query(ctx SpecContext, expression string) []testbed.Sample {
	GinkgoHelper()
	samples, err := prometheus.Query(ctx, expression)
	Expect(err).NotTo(HaveOccurred(), expression)
	return samples
}

// get sends a GET with a bearer token, unless that is empty.
func get(ctx SpecContext, url, token string) (status int, body string) {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The operator signs its own certificate.
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	response, err := client.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(content)
}

func first(status int, _ string) int { return status }
