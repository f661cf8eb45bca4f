package query

import (
	"encoding/json"
	"testing"
)

func mustMarshal(text string) []byte {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return data
}

// FuzzCondition: whatever stands in a query is either refused or a condition that can be asked.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"svm1", "svm*", "!null", "a..b", "<=5", `"a|b"|c`, "!!x", "..", "*", `"`, "|", ">", "1..2..3"} {
		f.Add(uint8(0), seed, "value")
		f.Add(uint8(1), seed, "5")
		f.Add(uint8(3), seed, "2026-03-04T12:00:00Z")
	}
	f.Fuzz(func(t *testing.T, kind uint8, text, value string) {
		k := Kind(kind % 5)
		v, _ := Parse(k, value)
		pass, err := ParseCondition("field", k, text)
		if err != nil {
			return
		}
		pass(v)
		pass(Null)
		if _, err := ParseCondition("field", k, `!`+text); err != nil {
			t.Fatalf("%q can be asked, its negation can't: %v", text, err)
		}
	})
}

// FuzzFields: whatever fields asks for, a record stays valid JSON and keeps its keys.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{"*", "**", "svm.{name,uuid}", "!on", "metric.size", "{", "}", "a{b", "a.{b,{c,d}}", ",,,", "!", "!*", "*,!**"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, fields string) {
		selection, err := things.Select(SplitFields(fields), things.Keys(), true)
		if err != nil {
			t.Fatalf("unknown fields are ignored here: %v", err)
		}
		var record struct {
			SVM struct{ UUID, Name string } `json:"svm"`
		}
		if err := json.Unmarshal(things.Append(nil, example, things.WithLinks(selection)), &record); err != nil {
			t.Fatal(err)
		}
		if record.SVM.UUID != example.uuid || record.SVM.Name != example.name {
			t.Fatalf("the keys are missing with fields=%q", fields)
		}
	})
}
