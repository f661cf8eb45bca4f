package rest

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

func TestListAnswersTheReferencesExample(t *testing.T) {
	b := newBed(t)
	b.ok("POST SERVICES", `{"svm.name":"svm1"}`)
	b.accept = "application/hal+json"
	record := func(name, uuid string) string {
		return fmt.Sprintf(`{"svm": {"uuid": %[2]q, "name": %[1]q, "_links": {"self": {"href": "/api/svm/svms/%[2]s"}}},
		  "_links": {"self": {"href": "/api/protocols/san/iscsi/services/%[2]s"}}}`, name, uuid)
	}
	want := `{"records": [` + record("svm1", uuid1) + `,` + record("svm2", uuid2) + `], "num_records": 2,
	  "_links": {"self": {"href": "/api/protocols/san/iscsi/services"}}}`
	b.Expect(b.do("GET SERVICES").Body).To(MatchJSON(want))
	b.accept = "*/*"
	b.Expect(b.do("GET SERVICES").Body).To(MatchJSON(want), "links are the default")
}

func TestAnInstanceAnswersTheReferencesExamples(t *testing.T) {
	b := newBed(t)
	b.accept = "application/hal+json"
	const links = `"_links": {"self": {"href": "/api/protocols/san/iscsi/services/25f617cf-94d7-11e8-8370-005056b48fd2"}}`
	const svm = `"svm": {"uuid": "25f617cf-94d7-11e8-8370-005056b48fd2", "name": "svm2",
	  "_links": {"self": {"href": "/api/svm/svms/25f617cf-94d7-11e8-8370-005056b48fd2"}}}`
	b.Expect(b.do("GET SERVICES/U2").Body).To(MatchJSON(`{` + svm + `, "enabled": true,
	  "target": {"name": "iqn.1992-08.com.netapp:sn.25f617cf94d711e88370005056b48fd2:vs.5", "alias": "svm2"}, ` + links + `}`))
	b.Expect(b.do("GET SERVICES/U2?fields=enabled").Body).To(MatchJSON(`{` + svm + `, "enabled": true, ` + links + `}`))
	b.accept = "application/json"
	b.Expect(b.do("GET SERVICES/U2?fields=enabled").Body).To(MatchJSON(
		`{"svm": {"uuid": "25f617cf-94d7-11e8-8370-005056b48fd2", "name": "svm2"}, "enabled": true}`))
}

func TestExpensiveFieldsMustBeNamed(t *testing.T) {
	b := newBed(t)
	for _, request := range []string{"GET SERVICES/U2", "GET SERVICES/U2?fields=*"} {
		b.Expect(b.ok(request)).NotTo(SatisfyAny(HaveKey("metric"), HaveKey("statistics")), request)
	}
	for _, request := range []string{"GET SERVICES/U2?fields=**", "GET SERVICES/U2?fields=metric,statistics", "GET SERVICES/U2?fields=metric&fields=statistics"} {
		b.Expect(b.ok(request)).To(SatisfyAll(HaveKey("metric"), HaveKey("statistics")), request)
	}
}

func TestFiltersAreEchoed(t *testing.T) {
	b := newBed(t)
	record := b.ok("GET SERVICES?enabled=true&metric.iops.total=>0&target.alias=svm*")["records"].([]any)[0]
	b.Expect(record).To(SatisfyAll(
		HaveKeyWithValue("enabled", true),
		HaveKeyWithValue("target", Equal(map[string]any{"alias": "svm2"})),
		HaveKeyWithValue("metric", HaveKeyWithValue("iops", HaveLen(1)))))
}

// fill adds SVMs named a to j, each with a service; those on even places are disabled.
func fill(b *bed) {
	for i, name := range strings.Split("abcdefghij", "") {
		_, err := b.array.AddSVMs(array.SVM{Name: name, ISCSIAllowed: true, Service: &array.Service{Enabled: i%2 == 0, Alias: name}})
		b.Expect(err).NotTo(HaveOccurred())
	}
	b.Expect(b.array.RemoveSVM("svm1") && b.array.RemoveSVM("svm2")).To(BeTrue())
}

func TestPagesLeadToTheEnd(t *testing.T) {
	for name, c := range map[string]struct{ query, want, sizes string }{
		"one page":                            {"", "abcdefghij", "10"},
		"full pages are followed by an empty": {"max_records=5", "abcdefghij", "5 5 0"},
		"the last page is short":              {"max_records=4", "abcdefghij", "4 4 2"},
		"with a filter":                       {"max_records=2&enabled=true", "acegi", "2 2 1"},
		"with an order":                       {"max_records=4&order_by=svm.name+desc", "jihgfedcba", "4 4 2"},
		"with an order, full to the end":      {"max_records=5&order_by=svm.name%20desc", "jihgfedcba", "5 5 0"},
		"fields stay":                         {"max_records=9&fields=enabled", "abcdefghij", "9 1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			fill(b)
			var seen, sizes []string
			request := "SERVICES?" + c.query
			for request != "" {
				page := b.ok("GET " + request)
				seen = append(seen, names(page)...)
				sizes = append(sizes, fmt.Sprint(page["num_records"]))
				request = strings.TrimPrefix(next(page), "/api/")
				if request != "" && c.query != "" {
					b.Expect(request).To(ContainSubstring(strings.Split(c.query, "&")[0]), "next repeats the query")
				}
				b.Expect(len(sizes)).To(BeNumerically("<", 10), "next repeats itself")
			}
			b.Expect(strings.Join(seen, "")).To(Equal(c.want))
			b.Expect(strings.Join(sizes, " ")).To(Equal(c.sizes))
		})
	}
}

func TestARenameBetweenTwoPagesHidesARecord(t *testing.T) {
	b := newBed(t)
	fill(b)
	first := b.ok("GET SERVICES?max_records=5")
	_, err := b.array.Change("j", func(svm *array.SVM) error { svm.Name = "a0"; return nil })
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(names(b.ok("GET " + strings.TrimPrefix(next(first), "/api/")))).To(Equal(strings.Split("fghi", "")))
}

func TestATimedOutPageEndsEarly(t *testing.T) {
	b := newBed(t)
	fill(b)
	response := b.api.Do(Request{Method: "GET", Path: servicesPath, User: "admin", Password: "secret", PageLimit: 3})
	b.Expect(response.Body).To(SatisfyAll(ContainSubstring(`"num_records":3`), ContainSubstring(`"next":`)))
}

func TestOnlyCountingReturnsNoRecords(t *testing.T) {
	b := newBed(t)
	b.Expect(b.do("GET SERVICES?return_records=false").Body).To(MatchJSON(`{"num_records": 1}`))
	b.Expect(b.do("GET SERVICES?return_records=False&svm.name=none").Body).To(MatchJSON(`{"num_records": 0}`))
}

func TestSVMNamesNeedNoTricksToBeFound(t *testing.T) {
	b := newBed(t)
	_, err := b.array.AddSVMs(array.SVM{Name: "../../x?y#z", ISCSIAllowed: true, Service: &array.Service{Enabled: true}})
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(names(b.ok("GET SERVICES?svm.name=..%2F..%2Fx%3Fy%23z"))).To(Equal([]string{"../../x?y#z"}), "a range has two ends")
	b.Expect(names(b.ok("GET SERVICES?svm.name=%22..%2F..%2Fx%3Fy%23z%22"))).To(Equal([]string{"../../x?y#z"}))
	b.Expect(names(b.ok("GET SERVICES?svm=svm2"))).To(Equal([]string{"svm2"}), "svm stands for svm.name")
}

func TestClusterAndSVMs(t *testing.T) {
	b := newBed(t)
	b.Expect(b.ok("GET cluster?fields=version")).To(HaveKeyWithValue("version", SatisfyAll(
		HaveKeyWithValue("generation", 9.0), HaveKeyWithValue("major", 16.0), HaveKeyWithValue("minor", 1.0),
		HaveKeyWithValue("full", HavePrefix("NetApp Release 9.16.1: ")))))
	b.Expect(b.ok("GET cluster?fields=name,uuid,version")).To(SatisfyAll(HaveKeyWithValue("name", "array1"), HaveKeyWithValue("uuid", b.array.Cluster().UUID)))
	b.Expect(names(b.ok("GET svm/svms"))).To(Equal([]string{"svm1", "svm2"}))
	b.Expect(b.ok("GET svm/svms?name=svm2&fields=name,uuid,state,iscsi,nvme")["records"]).To(HaveExactElements(SatisfyAll(
		HaveKeyWithValue("uuid", uuid2), HaveKeyWithValue("state", "running"),
		HaveKeyWithValue("iscsi", Equal(map[string]any{"allowed": true, "enabled": true})),
		HaveKeyWithValue("nvme", Equal(map[string]any{"allowed": true, "enabled": false})))))
	b.Expect(b.ok("GET svm/svms/U1")).To(HaveKeyWithValue("name", "svm1"))
	b.Expect(b.ok("GET svm/svms?name=svm1&subtype=default&fields=ipspace,snapshot_policy,subtype,comment,language,max_volumes,aggregates")["records"]).To(HaveLen(1), "what Terraform looks SVMs up with")
}

func TestAnInstanceCountsAsOneRecord(t *testing.T) {
	b := newBed(t)
	b.Expect(b.ok("GET cluster?fields=*&return_records=true")).To(HaveKey("version"), "what Harvest discovers an array with")
	b.Expect(b.do("GET SERVICES/U2?return_records=false").Body).To(MatchJSON(`{"num_records": 1}`))
}

func TestClientsCanTellAnASAr2(t *testing.T) {
	for platform, is := range map[array.Platform]bool{array.Unified: false, array.ASAr2: true} {
		b := newBed(t, func(c *array.Cluster) { c.Platform = platform })
		is := SatisfyAll(HaveKeyWithValue("san_optimized", is), HaveKeyWithValue("disaggregated", is))
		b.Expect(b.ok("GET cluster")).To(is)
		b.array.SetAccount(array.Account{Name: "vsadmin", Password: "secret", Role: array.AdminRole, SVM: "svm1"})
		b.as = [2]string{"vsadmin", "secret"}
		b.Expect(b.ok("GET cluster?fields=san_optimized,disaggregated&ignore_unknown_fields=true")).To(is)
		b.Expect(b.ok("GET cluster?fields=*")).NotTo(HaveKey("disaggregated"), "unless asked for")
	}
}

func TestSessions(t *testing.T) {
	b := newBed(t)
	b.accept = "application/hal+json"
	record := b.ok("GET SESSIONS?svm.name=svm2&fields=*")["records"].([]any)[0].(map[string]any)
	b.Expect(record).To(SatisfyAll(
		HaveKeyWithValue("initiator", HaveKeyWithValue("name", "iqn.1998-01.com.example:host1")),
		HaveKeyWithValue("target_portal_group", "tpg1"), HaveKeyWithValue("tsih", 1.0),
		HaveKeyWithValue("svm", HaveKeyWithValue("uuid", uuid2))))
	self := record["_links"].(map[string]any)["self"].(map[string]any)["href"].(string)
	b.Expect(b.ok("GET "+strings.TrimPrefix(self, "/api/"))).To(HaveKeyWithValue("tsih", 1.0), "links lead somewhere")
	b.Expect(b.ok("GET SESSIONS?initiator.name=*host2")).To(HaveKeyWithValue("num_records", 0.0))
}

func TestVersionsLackWhatCameLater(t *testing.T) {
	version := func(major int) *bed {
		return newBed(t, func(c *array.Cluster) { c.Version = array.Version{Generation: 9, Major: major} })
	}
	version(5).refused("GET SERVICES", "", 404, "3", "")
	version(6).refused("GET SERVICES?fields=metric", "", 400, "262197", "fields")
	version(6).refused("GET SERVICES/U2/metrics", "", 404, "3", "")
	version(6).Expect(version(6).ok("GET SERVICES?fields=**")).To(HaveKeyWithValue("num_records", 1.0))
	version(7).ok("GET SERVICES?fields=metric")
	version(7).ok("GET SERVICES/U2/metrics")
	version(13).refused("GET SERVICES/U2/metrics/2026-03-04T12:00:00Z", "", 404, "3", "")
	version(14).ok("GET SERVICES/U2/metrics/2026-03-04T12:00:00Z")
}

func TestHeadAndOptions(t *testing.T) {
	b := newBed(t)
	b.Expect(b.do("HEAD SERVICES/U2").Status).To(Equal(200))
	b.Expect(b.do("HEAD SERVICES/U3").Status).To(Equal(404))
	b.Expect(b.do("OPTIONS SERVICES/U2").Header.Get("Allow")).To(Equal("DELETE, GET, PATCH, HEAD, OPTIONS"))
}
