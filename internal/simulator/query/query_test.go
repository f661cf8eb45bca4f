package query

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

type thing struct {
	uuid, name, alias string
	size              int64
	on                bool
	at                time.Time
}

var things = NewSchema([]Field[thing]{
	{Name: "svm.uuid", Key: true, Get: func(t thing) Value { return Text(t.uuid) }},
	{Name: "svm.name", Key: true, Get: func(t thing) Value { return Text(t.name) }},
	{Name: "svm._links.self.href", Kind: Link, Get: func(t thing) Value { return Href("/svms/" + t.uuid) }},
	{Name: "on", Kind: Boolean, Get: func(t thing) Value { return Truth(t.on) }},
	{Name: "target.alias", Get: func(t thing) Value { return TextOrNull(t.alias) }},
	{Name: "metric.size.total", Kind: Integer, Expensive: true, Get: func(t thing) Value { return Number(t.size) }},
	{Name: "metric.at", Kind: Timestamp, Expensive: true, Get: func(t thing) Value { return Moment(t.at) }},
	{Name: "_links.self.href", Kind: Link, Get: func(t thing) Value { return Href("/things/" + t.uuid) }},
}...)

var example = thing{uuid: "u1", name: "svm1", alias: "a", size: 5, on: true, at: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}

func TestSelectionAndItsJSON(t *testing.T) {
	for name, c := range map[string]struct{ fields, want string }{
		"nothing named":                      {"", `{"svm":{"uuid":"u1","name":"svm1"}}`},
		"one field, keys come along":         {"on", `{"svm":{"uuid":"u1","name":"svm1"},"on":true}`},
		"star leaves expensive fields out":   {"*", `{"svm":{"uuid":"u1","name":"svm1"},"on":true,"target":{"alias":"a"}}`},
		"two stars bring them":               {"**", `{"svm":{"uuid":"u1","name":"svm1"},"on":true,"target":{"alias":"a"},"metric":{"size":{"total":5},"at":"2026-03-04T12:00:00Z"}}`},
		"a whole object":                     {"metric", `{"svm":{"uuid":"u1","name":"svm1"},"metric":{"size":{"total":5},"at":"2026-03-04T12:00:00Z"}}`},
		"a whole object with a star":         {"metric.*", `{"svm":{"uuid":"u1","name":"svm1"},"metric":{"size":{"total":5},"at":"2026-03-04T12:00:00Z"}}`},
		"braces":                             {"metric.{at,size},on", `{"svm":{"uuid":"u1","name":"svm1"},"on":true,"metric":{"size":{"total":5},"at":"2026-03-04T12:00:00Z"}}`},
		"exclusion from everything":          {"*,!target", `{"svm":{"uuid":"u1","name":"svm1"},"on":true}`},
		"exclusion alone means all but that": {"!target.alias", `{"svm":{"uuid":"u1","name":"svm1"},"on":true}`},
		"keys can't be excluded":             {"on,!svm.name", `{"svm":{"uuid":"u1","name":"svm1"},"on":true}`},
		"exclusion within an object":         {"metric,!metric.size", `{"svm":{"uuid":"u1","name":"svm1"},"metric":{"at":"2026-03-04T12:00:00Z"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			selection, err := things.Select(SplitFields(c.fields), things.Keys(), false)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(things.Append(nil, example, selection))).To(Equal(c.want))
		})
	}
}

func TestLinksBelongToTheObjectsThatShow(t *testing.T) {
	g := NewWithT(t)
	g.Expect(string(things.Append(nil, example, things.WithLinks(things.Keys())))).To(Equal(
		`{"svm":{"uuid":"u1","name":"svm1","_links":{"self":{"href":"/svms/u1"}}},"_links":{"self":{"href":"/things/u1"}}}`))
}

func TestNullFieldsDoNotShowNorDoTheirObjects(t *testing.T) {
	g := NewWithT(t)
	bare := example
	bare.alias = ""
	g.Expect(string(things.Append(nil, bare, things.Common()))).To(Equal(`{"svm":{"uuid":"u1","name":"svm1"},"on":true}`))
}

func TestUnknownFieldsAreErrorsUnlessIgnored(t *testing.T) {
	g := NewWithT(t)
	_, err := things.Select([]string{"fru"}, things.Keys(), false)
	g.Expect(err).To(MatchError(`The value "fru" is invalid for field "fields" (<field,...>) (262197)`))
	selection, err := things.Select([]string{"fru", "on"}, things.Keys(), true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(things.Append(nil, example, selection))).To(ContainSubstring(`"on":true`))
}

func TestConditions(t *testing.T) {
	at := func(text string) Value { v, _ := Parse(Timestamp, text); return v }
	for _, c := range []struct {
		kind  Kind
		text  string
		value Value
		want  bool
	}{
		{String, "svm1", Text("svm1"), true},
		{String, "svm1", Text("svm10"), false},
		{String, "svm*", Text("svm10"), true},
		{String, "*1*", Text("svm10"), true},
		{String, "a*b*c", Text("abc"), true},
		{String, "a*b*c", Text("ac"), false},
		{String, "ab*ba", Text("aba"), false},
		{String, `"svm*"`, Text("svm10"), false},
		{String, `"svm*"`, Text("svm*"), true},
		{String, `"a|b"`, Text("a|b"), true},
		{String, "!svm1", Text("svm2"), true},
		{String, "!svm1", Text("svm1"), false},
		{String, "!svm*", Text("svm1"), false},
		{String, "a|b|c*", Text("cd"), true},
		{String, "a|b", Text("c"), false},
		{String, "a..c", Text("b"), true},
		{String, "a..c", Text("d"), false},
		{String, "null", Null, true},
		{String, "null", Text("null"), false},
		{String, `"null"`, Text("null"), true},
		{String, "!null", Null, false},
		{String, "!null", Text("x"), true},
		{String, "svm1", Null, false},
		{String, "!svm1", Null, true},
		{Integer, "5", Number(5), true},
		{Integer, ">5", Number(5), false},
		{Integer, ">=5", Number(5), true},
		{Integer, "<10", Number(9), true},
		{Integer, "<10", Number(100), false},
		{Integer, "<=10", Number(10), true},
		{Integer, "1..10", Number(10), true},
		{Integer, "1..10", Number(11), false},
		{Integer, ">5", Null, false},
		{Integer, "1|>100", Number(101), true},
		{Integer, "-5..5", Number(-1), true},
		{Integer, "1*", Number(17), true},
		{Boolean, "true", Truth(true), true},
		{Boolean, "False", Truth(false), true},
		{Boolean, "!true", Truth(false), true},
		{Timestamp, ">2026-03-04T11:59:59Z", at("2026-03-04T12:00:00Z"), true},
		{Timestamp, "2026-03-04T13:00:00+01:00", at("2026-03-04T12:00:00Z"), true},
		{Timestamp, "2026-03-04 12:00:00 +0000", at("2026-03-04T12:00:00Z"), true},
		{Timestamp, "2026-03-04T12:00:45Z..2026-03-04T12:00:00Z", at("2026-03-04T12:00:15Z"), true},
		{Duration, "PT15S", Span(15 * time.Second), true},
		{Duration, "<PT5M", Span(15 * time.Second), true},
		{Duration, ">PT5M", Span(2 * time.Hour), true},
	} {
		t.Run(c.kind.String()+" "+c.value.String()+" against "+c.text, func(t *testing.T) {
			g := NewWithT(t)
			pass, err := ParseCondition("field", c.kind, c.text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(pass(c.value)).To(Equal(c.want))
		})
	}
}

func TestValuesThatAreNotOfTheFieldsKindAreErrors(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		text string
	}{{Integer, "abc"}, {Integer, ">x"}, {Integer, "1..x"}, {Integer, ""}, {Boolean, "maybe"}, {Boolean, ">true"}, {Timestamp, "yesterday"}, {Duration, "15s"}} {
		t.Run(c.kind.String()+" "+c.text, func(t *testing.T) {
			g := NewWithT(t)
			_, err := ParseCondition("field", c.kind, c.text)
			var refused *ontaperror.Error
			g.Expect(errors.As(err, &refused)).To(BeTrue())
			g.Expect(refused.Code).To(Equal(ontaperror.InvalidValue))
			g.Expect(refused.Target).To(Equal("field"))
		})
	}
}

func TestOrder(t *testing.T) {
	records := []thing{{name: "b", size: 1, alias: "x"}, {name: "a", size: 10}, {name: "c", size: 10, alias: "w"}, {name: "d", size: 2}}
	for name, c := range map[string]struct{ by, want string }{
		"ascending is the default":     {"svm.name", "abcd"},
		"descending":                   {"svm.name desc", "dcba"},
		"numbers are not text":         {"metric.size.total", "bdac"},
		"the second decides among few": {"metric.size.total desc,svm.name desc", "cadb"},
		"what is null comes first":     {"target.alias,svm.name", "adcb"},
		"direction in capitals":        {"svm.name DESC", "dcba"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			orders, err := things.ParseOrder(c.by)
			g.Expect(err).NotTo(HaveOccurred())
			sorted := append([]thing(nil), records...)
			things.Sort(sorted, orders)
			var names strings.Builder
			for _, record := range sorted {
				names.WriteString(record.name)
			}
			g.Expect(names.String()).To(Equal(c.want))
		})
	}
	for _, by := range []string{"fru", "svm", "svm.name up", "svm.name asc desc", "", "svm.name,,on", "_links.self.href"} {
		t.Run("invalid: "+by, func(t *testing.T) {
			_, err := things.ParseOrder(by)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring("(262268)")))
		})
	}
}

func TestStringsAreValidJSON(t *testing.T) {
	g := NewWithT(t)
	for _, text := range []string{"plain", `quo"te`, `back\slash`, "new\nline", "<tag>", "ünïcode", "\x00", "\xff"} {
		g.Expect(string(AppendString(nil, text))).To(MatchJSON(mustMarshal(text)), text)
	}
}
