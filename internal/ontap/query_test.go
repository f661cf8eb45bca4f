package ontap_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// asked returns the query string that goes over the wire, and the error of a query that doesn't.
func asked(t *testing.T, q ontap.Query) (string, error) {
	t.Helper()
	array := answering(t, http.StatusOK, `{"num_records": 0, "records": []}`)
	for _, err := range array.client(t).Services(t.Context(), q.Select(ontap.SVMName)) {
		return "", err
	}
	_, query, _ := strings.Cut(array.received()[0].URI, "?")
	return query, nil
}

func TestOperatorsAsTheArrayReadsThem(t *testing.T) {
	noon := time.Date(2024, 7, 29, 14, 0, 0, 0, time.FixedZone("CEST", 2*60*60))
	for _, tc := range []struct {
		name    string
		operand ontap.Operand
		want    string
	}{
		{"a plain name", ontap.Equal("svm1"), `svm1`},
		{"a target name", ontap.Equal(iqn1), iqn1},
		{"an asterisk is a character", ontap.Equal("a*"), `"a*"`},
		{"a bar is a character", ontap.Equal("a|b"), `"a|b"`},
		{"an exclamation mark is a character", ontap.Equal("!a"), `"!a"`},
		{"two dots are characters", ontap.Equal("a..b"), `"a..b"`},
		{"angle brackets are characters", ontap.Equal("<5"), `"<5"`},
		{"null is a word", ontap.Equal("null"), `"null"`},
		{"NULL is too", ontap.Equal("NULL"), `"NULL"`},
		{"nothing is a value", ontap.Equal(""), `""`},
		{"a comma, braces and a space", ontap.Equal("{a, b}"), `"{a, b}"`},
		{"what URLs reserve", ontap.Equal("a&b=c#d?e%f;g+h"), `"a&b=c#d?e%f;g+h"`},
		{"not only ASCII", ontap.Equal("größe"), `"größe"`},
		{"a wildcard", ontap.Like("svm*"), `svm*`},
		{"less", ontap.Less(5), `<5`},
		{"greater", ontap.Greater(int64(5)), `>5`},
		{"at most", ontap.AtMost(5), `<=5`},
		{"at least", ontap.AtLeast(noon), `>=2024-07-29T12:00:00Z`},
		{"between numbers", ontap.Between(5, 10), `5..10`},
		{"between times", ontap.Between(noon, noon.Add(time.Hour)), `2024-07-29T12:00:00Z..2024-07-29T13:00:00Z`},
		{"not a value", ontap.Not(ontap.Equal("ok")), `!ok`},
		{"not a value with operators in it", ontap.Not(ontap.Equal("a|b")), `!"a|b"`},
		{"not a pattern", ontap.Not(ontap.Like("svm*")), `!svm*`},
		{"any of several", ontap.AnyOf("ok", "a|b", "null"), `ok|"a|b"|"null"`},
		{"null", ontap.Null(), `null`},
		{"not null", ontap.NotNull(), `!null`},
		{"a boolean", ontap.Equal(false), `false`},
		{"fifteen seconds", ontap.Equal(15 * time.Second), `PT15S`},
		{"five minutes", ontap.Equal(5 * time.Minute), `PT5M`},
		{"two hours", ontap.Equal(2 * time.Hour), `PT2H`},
		{"a day", ontap.Equal(24 * time.Hour), `P1D`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			query, err := asked(t, ontap.Query{}.Where(ontap.TargetAlias, tc.operand))
			g.Expect(err).NotTo(HaveOccurred())

			values, err := url.ParseQuery(query)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(values).To(Equal(url.Values{"target.alias": {tc.want}, "fields": {"svm.name"}}))
		})
	}
}

func TestQueriesThatHaveNoSpellingAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name string
		q    ontap.Query
	}{
		{"a quotation mark in a value", ontap.Query{}.Where(ontap.TargetAlias, ontap.Equal(`a"b`))},
		{"an operator in a pattern", ontap.Query{}.Where(ontap.TargetAlias, ontap.Like("a*|b*"))},
		{"a range in a pattern", ontap.Query{}.Where(ontap.TargetAlias, ontap.Like("a..b"))},
		{"an empty pattern", ontap.Query{}.Where(ontap.TargetAlias, ontap.Like(""))},
		{"the negation of a range", ontap.Query{}.Where(ontap.MetricIOPSTotal, ontap.Not(ontap.Between(1, 2)))},
		{"the negation of a negation", ontap.Query{}.Where(ontap.MetricIOPSTotal, ontap.Not(ontap.NotNull()))},
		{"the negation of a list", ontap.Query{}.Where(ontap.MetricIOPSTotal, ontap.Not(ontap.AnyOf(1, 2)))},
		{"any of nothing", ontap.Query{}.Where(ontap.SVMName, ontap.AnyOf[string]())},
		{"any of something unspeakable", ontap.Query{}.Where(ontap.SVMName, ontap.AnyOf("a", `"`))},
		{"a negative duration", ontap.Query{}.Where(ontap.MetricDuration, ontap.Equal(-time.Second))},
		{"a property given twice", ontap.Query{}.Where(ontap.SVMName, ontap.Equal("a")).Where(ontap.SVMName, ontap.Equal("b"))},
		{"a filter on nothing", ontap.Query{}.Where("", ontap.Equal("a"))},
		{"a page of no records", ontap.Query{}.Page(0)},
		{"a list without its records", ontap.Query{}.ReturnRecords(false)},
		{"a return timeout of half a second", ontap.Query{}.ReturnTimeout(500 * time.Millisecond)},
		{"a return timeout beyond the limit", ontap.Query{}.ReturnTimeout(121 * time.Second)},
		{"a negative return timeout", ontap.Query{}.ReturnTimeout(-time.Second)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := answering(t, http.StatusOK, `{"num_records": 0, "records": []}`)
			_, err := walk(t, array.client(t), tc.q)
			g.Expect(err).To(MatchError(ontap.ErrInvalidRequest))
			g.Expect(array.lines()).To(BeEmpty())
		})
	}
}

func TestEveryParameterOfAQuery(t *testing.T) {
	g := NewWithT(t)
	query, err := asked(t, ontap.Query{}.
		Where(ontap.Enabled, ontap.Equal(true)).
		Where(ontap.MetricLatencyTotal, ontap.Greater(1000)).
		Select(ontap.AllFields, ontap.MetricFields).
		OrderBy(ontap.MetricIOPSTotal, ontap.Descending).
		OrderBy(ontap.SVMName, ontap.Ascending).
		Page(1000).
		ReturnRecords(true).
		ReturnTimeout(0))

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(query).To(Equal("enabled=true&metric.latency.total=%3E1000&fields=%2A%2Cmetric%2Csvm.name" +
		"&order_by=metric.iops.total%20desc%2Csvm.name&max_records=1000&return_records=true&return_timeout=0"))
}

func TestAQueryIsAValue(t *testing.T) {
	g := NewWithT(t)
	base := ontap.Query{}.Where(ontap.Enabled, ontap.Equal(true)).Where(ontap.SVMUUID, ontap.NotNull()).Where(ontap.TargetName, ontap.NotNull())
	base = base.OrderBy(ontap.SVMName, ontap.Ascending).OrderBy(ontap.SVMUUID, ontap.Ascending).OrderBy(ontap.Enabled, ontap.Ascending)
	before, err := asked(t, base)
	g.Expect(err).NotTo(HaveOccurred())

	one := base.Where(ontap.SVMName, ontap.Equal("one")).OrderBy(ontap.TargetName, ontap.Ascending).Page(1)
	two := base.Where(ontap.SVMName, ontap.Equal("two")).OrderBy(ontap.TargetAlias, ontap.Ascending).ReturnTimeout(0)

	g.Expect(asked(t, base)).To(Equal(before), "refining a query leaves it alone")
	g.Expect(asked(t, one)).To(And(ContainSubstring("svm.name=one"), ContainSubstring("target.name&max_records=1")))
	g.Expect(asked(t, two)).To(And(ContainSubstring("svm.name=two"), ContainSubstring("target.alias&return_timeout"), Not(ContainSubstring("max_records"))))
}
