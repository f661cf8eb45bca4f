package conformance

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// match says how JSON differs from what is wanted, if it does. A wanted null stands for a member that isn't there, a
// string "~ REGEXP" for a value whose text the expression finds. Lists have the same length. Objects may have more
// members than wanted, unless exactly is meant.
func match(want, got any, exactly bool) error {
	switch want := want.(type) {
	case map[string]any:
		return matchObject(want, got, exactly)
	case []any:
		return matchList(want, got, exactly)
	case string:
		if pattern, ok := strings.CutPrefix(want, "~ "); ok {
			return matchPattern(pattern, got)
		}
	}
	if got != want {
		return fmt.Errorf("want %#v, got %#v", want, got)
	}
	return nil
}

func matchList(want []any, got any, exactly bool) error {
	list, ok := got.([]any)
	if !ok || len(list) != len(want) {
		return fmt.Errorf("want a list of %d, got %v", len(want), got)
	}
	for i := range want {
		if err := match(want[i], list[i], exactly); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

func matchPattern(pattern string, got any) error {
	if value, ok := scalar(got); !ok || !regexp.MustCompile(pattern).MatchString(value) {
		return fmt.Errorf("want a value like %s, got %v", pattern, got)
	}
	return nil
}

func matchObject(want map[string]any, got any, exactly bool) error {
	object, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("want an object, got %#v", got)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if err := matchMember(want, object, name, exactly); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, wanted := want[name]; exactly && !wanted {
			return fmt.Errorf("%s: is too much", name)
		}
	}
	return nil
}

func matchMember(want, object map[string]any, name string, exactly bool) error {
	value, there := object[name]
	switch {
	case want[name] == nil && there:
		return errors.New("is not wanted")
	case want[name] != nil && !there:
		return errors.New("is missing")
	case there:
		return match(want[name], value, exactly)
	}
	return nil
}

// scalar is the text of a value that is neither object, list nor null.
func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case bool:
		return strconv.FormatBool(value), true
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64), true
	}
	return "", false
}

func TestMatchTellsDifferences(t *testing.T) {
	answer := map[string]any{"name": "svm1", "count": 2.0, "list": []any{map[string]any{"a": true, "b": "x"}}}
	for _, c := range []struct {
		name    string
		want    map[string]any
		exactly bool
		says    string
	}{
		{"a part is enough", map[string]any{"name": "svm1"}, false, ""},
		{"a part of a list's object, too", map[string]any{"list": []any{map[string]any{"a": true}}}, false, ""},
		{"an expression", map[string]any{"name": "~ ^svm[0-9]$", "count": "~ ^2$"}, false, ""},
		{"what is not there", map[string]any{"other": nil}, false, ""},
		{"the whole", answer, true, ""},
		{"another value", map[string]any{"name": "svm2"}, false, `name: want "svm2", got "svm1"`},
		{"another type", map[string]any{"count": "2"}, false, `count: want "2", got 2`},
		{"an expression that finds nothing", map[string]any{"name": "~ ^vm"}, false, "name: want a value like ^vm, got svm1"},
		{"an expression for an object", map[string]any{"list": "~ ."}, false, "list: want a value like ."},
		{"a missing member", map[string]any{"other": "x"}, false, "other: is missing"},
		{"a member that must not be", map[string]any{"name": nil}, false, "name: is not wanted"},
		{"a list of another length", map[string]any{"list": []any{}}, false, "list: want a list of 0"},
		{"more than the whole", map[string]any{"name": "svm1", "count": 2.0}, true, "list: is too much"},
		{"more in the depth", map[string]any{"name": "svm1", "count": 2.0, "list": []any{map[string]any{"a": true}}}, true,
			"list: [0]: b: is too much"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			err := match(c.want, answer, c.exactly)
			if c.says == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(c.says)))
		})
	}
}
