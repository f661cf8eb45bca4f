package query

import (
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// Condition says whether a value passes a filter.
type Condition func(Value) bool

// ParseCondition reads a query value with ONTAP's operators: alternatives separated by "|", each of them one of
// null, !null, !x, <x, >x, <=x, >=x, a..b, or a literal in which "*" matches anything. Quotes take operators their
// meaning.
func ParseCondition(name string, kind Kind, text string) (Condition, error) {
	var alternatives []Condition
	for _, part := range splitAlternatives(text) {
		condition, ok := parseAlternative(kind, part)
		if !ok {
			return nil, ontaperror.Newf(ontaperror.InvalidValue, name, "The value %q is invalid for field %q (<%s>)", text, name, kind)
		}
		alternatives = append(alternatives, condition)
	}
	if len(alternatives) == 1 {
		return alternatives[0], nil
	}
	return func(v Value) bool {
		for _, condition := range alternatives {
			if condition(v) {
				return true
			}
		}
		return false
	}, nil
}

// splitAlternatives splits at "|" outside quotes.
func splitAlternatives(text string) []string {
	var parts []string
	quoted, start := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '|' && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func parseAlternative(kind Kind, text string) (Condition, bool) {
	if literal, quoted := unquote(text); quoted {
		return equals(kind, literal)
	}
	if rest, negated := strings.CutPrefix(text, "!"); negated {
		condition, ok := parseAlternative(kind, rest)
		return func(v Value) bool { return !condition(v) }, ok
	}
	if text == "null" {
		return func(v Value) bool { return !v.set }, true
	}
	for _, operator := range []struct {
		sign string
		test func(order int) bool
	}{
		{"<=", func(order int) bool { return order <= 0 }},
		{">=", func(order int) bool { return order >= 0 }},
		{"<", func(order int) bool { return order < 0 }},
		{">", func(order int) bool { return order > 0 }},
	} {
		if operand, found := strings.CutPrefix(text, operator.sign); found {
			return compares(kind, operand, operator.test)
		}
	}
	if from, to, _ := strings.Cut(text, ".."); from != "" && to != "" {
		return between(kind, from, to)
	}
	if strings.Contains(text, "*") {
		return func(v Value) bool { return v.set && matches(text, v.String()) }, true
	}
	return equals(kind, text)
}

func equals(kind Kind, text string) (Condition, bool) {
	wanted, ok := Parse(kind, text)
	return func(v Value) bool { return v.set && Compare(v, wanted) == 0 }, ok
}

func compares(kind Kind, text string, test func(int) bool) (Condition, bool) {
	text, _ = unquote(text)
	bound, ok := Parse(kind, text)
	return func(v Value) bool { return v.set && test(Compare(v, bound)) }, ok && kind != Boolean
}

// between is a range with both ends. NetApp's own examples also write the later end first.
func between(kind Kind, from, to string) (Condition, bool) {
	from, _ = unquote(from)
	to, _ = unquote(to)
	low, okLow := Parse(kind, from)
	high, okHigh := Parse(kind, to)
	if Compare(low, high) > 0 {
		low, high = high, low
	}
	return func(v Value) bool {
		return v.set && Compare(v, low) >= 0 && Compare(v, high) <= 0
	}, okLow && okHigh && kind != Boolean
}

func unquote(text string) (string, bool) {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		return text[1 : len(text)-1], true
	}
	return text, false
}

// matches compares with a pattern in which "*" stands for any characters.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}
