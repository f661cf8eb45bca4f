package ontap_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// servicePage is one page with the services of these SVMs, leading on to next unless that is empty.
func servicePage(next string, uuids ...string) string {
	records := make([]string, len(uuids))
	for i, uuid := range uuids {
		records[i] = `{"svm": {"uuid": "` + uuid + `"}, "enabled": true}`
	}
	links := ""
	if next != "" {
		links = fmt.Sprintf(`, "_links": {"next": {"href": %q}}`, next)
	}
	return fmt.Sprintf(`{"records": [%s], "num_records": %d%s}`, strings.Join(records, ","), len(uuids), links)
}

// walk returns the UUIDs that an iteration yields, and the error that ended it.
func walk(t *testing.T, client *ontap.Client, q ontap.Query) ([]string, error) {
	t.Helper()
	var uuids []string
	for service, err := range client.Services(t.Context(), q) {
		if err != nil {
			return uuids, err
		}
		uuids = append(uuids, service.SVM.UUID)
	}
	return uuids, nil
}

func TestIterationFollowsNextToTheEnd(t *testing.T) {
	g := NewWithT(t)
	array := newArray(t, inTurn(
		answer(http.StatusOK, servicePage(services+"?fields=*&max_records=1&order_by=svm.name desc&start.svm.uuid=1", svm1)),
		answer(http.StatusOK, servicePage(services+"?start.svm.uuid=2")),
		answer(http.StatusOK, servicePage(services+"?start.svm.uuid=3", svm2)),
		answer(http.StatusOK, servicePage("")),
	))

	uuids, err := walk(t, array.client(t), ontap.Query{}.OrderBy(ontap.SVMName, ontap.Descending).Page(1))

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(uuids).To(Equal([]string{svm1, svm2}))
	g.Expect(array.lines()).To(Equal([]string{
		"GET " + services + "?fields=%2A&order_by=svm.name%20desc&max_records=1",
		"GET " + services + "?fields=*&max_records=1&order_by=svm.name%20desc&start.svm.uuid=1",
		"GET " + services + "?start.svm.uuid=2",
		"GET " + services + "?start.svm.uuid=3",
	}))
	g.Expect(array.connections()).To(Equal(1), "pages share a connection")
}

func TestIterationCanBeLeftAndBegunAgain(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, servicePage(services+"?start=1", svm1, svm2))
	all := array.client(t).Services(t.Context(), ontap.Query{})

	for range 2 {
		for service, err := range all {
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(service.SVM.UUID).To(Equal(svm1))
			break
		}
	}

	g.Expect(array.lines()).To(HaveLen(2), "pages beyond the end of the iteration are not fetched")
}

func TestIterationEndsWithAnErrorRatherThanWithAPartOfTheList(t *testing.T) {
	first := func(next string) string { return servicePage(next, svm1) }
	for _, tc := range []struct {
		name, first, second, want string
	}{
		{"a page that leads to itself", first(services + "?start=1"), servicePage(services+"?start=1", svm2), "already read"},
		{"a page that leads back to the first", first(services + "?fields=%2A"), "", "already read"},
		{"a link to another host", first("https://elsewhere.example" + services), "", "not relative to the host"},
		{"a link to another host without scheme", first("//elsewhere.example" + services), "", "not relative to the host"},
		{"a link that reads as another host's user", first("https:" + services), "", "not relative to the host"},
		{"a link to another collection", first("/api/protocols/san/iscsi/sessions?start=1"), "", "out of the collection"},
		{"a link that climbs out of the collection", first(services + "/../sessions"), "", "out of the collection"},
		{"a link without address", `{"num_records": 0, "records": [], "_links": {"next": {}}}`, "", "can't be read"},
		{"a link that is no address", first("/%zz"), "", "can't be read"},
		{"an empty body", "", "", "it is empty"},
		{"a page that breaks off", `{"num_records": 1, "records": [{"svm": {"uuid": "` + svm1 + `"}, "enab`, "", "it breaks off"},
		{"a second page that breaks off", first(services + "?start=1"), `{"num_records": 1, "records": [`, "it breaks off"},
		{"HTML", "<html><body>It works!</body></html>", "", "not a JSON object"},
		{"null", "null", "", "not a JSON object"},
		{"a bare list", "[]", "", "not a JSON object"},
		{"two objects", `{"num_records": 0, "records": []}{}`, "", "after top-level value"},
		{"no records", `{"num_records": 0}`, "", "no records"},
		{"null for records", `{"num_records": 0, "records": null}`, "", "no records"},
		{"no num_records", `{"records": []}`, "", "no num_records"},
		{"fewer records than announced", `{"num_records": 2, "records": [{"svm": {"uuid": "` + svm1 + `"}, "enabled": true}]}`, "",
			"num_records is 2 but there are 1"},
		{"more records than announced", `{"num_records": 0, "records": [{"svm": {"uuid": "` + svm1 + `"}, "enabled": true}]}`, "",
			"num_records is 0 but there are 1"},
		{"an object for records", `{"num_records": 0, "records": {}}`, "", "records is no list"},
		{"an error beside the records", `{"num_records": 0, "records": [], "error": {"message": "node down", "code": "4"}}`, "", "node down"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := newArray(t, inTurn(answer(http.StatusOK, tc.first), answer(http.StatusOK, tc.second), hangUp))

			_, err := walk(t, array.client(t), ontap.Query{})

			var transport *ontap.TransportError
			g.Expect(err).To(BeAssignableToTypeOf(transport))
			g.Expect(err).To(MatchError(ContainSubstring(tc.want)))
			g.Expect(err).To(MatchError(HavePrefix("list iSCSI services: ")))
			g.Expect(ontap.MaybeApplied(err)).To(BeFalse())
		})
	}
}

func TestARefusalOfALaterPageEndsTheIteration(t *testing.T) {
	g := NewWithT(t)
	array := newArray(t, inTurn(
		answer(http.StatusOK, servicePage(services+"?start=1", svm1)),
		answer(http.StatusForbidden, `{"error": {"message": "not authorized for that command", "code": "6"}}`),
	))

	uuids, err := walk(t, array.client(t), ontap.Query{})

	g.Expect(uuids).To(Equal([]string{svm1}))
	g.Expect(err).To(MatchError(ontap.CodeNotAuthorized))
}

func TestCounting(t *testing.T) {
	for _, tc := range []struct {
		name  string
		pages []string
		want  int
	}{
		{"the number is taken without records", []string{`{"num_records": 7}`}, 7},
		{"none is a number", []string{`{"num_records": 0}`}, 0},
		{"a number in parts is added up",
			[]string{`{"num_records": 7, "_links": {"next": {"href": "/api/protocols/san/iscsi/sessions?start=7"}}}`, `{"num_records": 2}`}, 9},
		{"records sent all the same must agree", []string{`{"num_records": 2, "records": [{}, {}]}`}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			var handlers []http.HandlerFunc
			for _, page := range tc.pages {
				handlers = append(handlers, answer(http.StatusOK, page))
			}
			array := newArray(t, inTurn(handlers...))

			n, err := array.client(t).SessionCount(t.Context(), svm1)

			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(n).To(Equal(tc.want))
			g.Expect(array.lines()[0]).To(Equal("GET /api/protocols/san/iscsi/sessions?svm.uuid=" + svm1 + "&return_records=false"))
		})
	}
	for _, body := range []string{`{}`, ``, `{"num_records": -1}`, `{"num_records": 2, "records": [{}]}`, `{"num_records": "2"}`, `{"records": []}`} {
		t.Run("no number is not zero: "+body, func(t *testing.T) {
			_, err := answering(t, http.StatusOK, body).client(t).SessionCount(t.Context(), svm1)
			var transport *ontap.TransportError
			NewWithT(t).Expect(err).To(BeAssignableToTypeOf(transport))
		})
	}
}

func TestServiceCountTakesTheFilters(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{"num_records": 3}`)

	n, err := array.client(t).ServiceCount(t.Context(), ontap.Query{}.Where(ontap.Enabled, ontap.Equal(true)))

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(3))
	g.Expect(array.lines()).To(Equal([]string{"GET " + services + "?enabled=true&return_records=false"}))
}
