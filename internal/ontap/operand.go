package ontap

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sosodev/duration"
)

// Operand is the right-hand side of a filter: an operator and its values.
type Operand struct {
	text    string
	negates bool // can stand behind an exclamation mark
	err     error
}

// Value is what a field can be compared with. Times are sent in UTC, durations in ISO-8601 (a day is P1D).
type Value interface {
	string | bool | int | int64 | time.Time | time.Duration
}

// Equal matches the value itself: characters that are operators to the array lose that meaning.
func Equal[T Value](value T) Operand {
	text, err := literal(value)
	return Operand{text: text, negates: true, err: err}
}

// Like matches a pattern in which * stands for any number of characters. No other operator can be part of it, nor can a literal *.
func Like(pattern string) Operand {
	if !safe.MatchString(strings.ReplaceAll(pattern, "*", "_")) || ambiguous(pattern) {
		return Operand{err: fmt.Errorf("the pattern %q contains what the array takes for an operator", pattern)}
	}
	return Operand{text: pattern, negates: true}
}

// Less matches values below the given one.
func Less[T Value](value T) Operand { return compare("<", value) }

// Greater matches values above the given one.
func Greater[T Value](value T) Operand { return compare(">", value) }

// AtMost matches the given value and those below.
func AtMost[T Value](value T) Operand { return compare("<=", value) }

// AtLeast matches the given value and those above.
func AtLeast[T Value](value T) Operand { return compare(">=", value) }

// Between matches both values and those between them.
func Between[T Value](low, high T) Operand {
	from, errLow := literal(low)
	to, errHigh := literal(high)
	return Operand{text: from + ".." + to, err: errors.Join(errLow, errHigh)}
}

// Not matches what [Equal], [Like] or [Null] doesn't. The other operands have no negation that the documents show.
func Not(operand Operand) Operand {
	if operand.err == nil && !operand.negates {
		operand.err = fmt.Errorf("%s can't be negated", operand.text)
	}
	return Operand{text: "!" + operand.text, err: operand.err}
}

// AnyOf matches each of the values.
func AnyOf[T Value](values ...T) Operand {
	if len(values) == 0 {
		return Operand{err: errors.New("any of nothing")}
	}
	texts := make([]string, len(values))
	for i, value := range values {
		text, err := literal(value)
		if err != nil {
			return Operand{err: err}
		}
		texts[i] = text
	}
	return Operand{text: strings.Join(texts, "|")}
}

// Null matches records in which the field is not set.
func Null() Operand { return Operand{text: "null", negates: true} }

// NotNull matches records in which the field is set.
func NotNull() Operand { return Not(Null()) }

func compare[T Value](operator string, value T) Operand {
	text, err := literal(value)
	return Operand{text: operator + text, err: err}
}

func literal[T Value](value T) (string, error) {
	switch v := any(value).(type) {
	case string:
		return quote(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	case time.Duration:
		if v < 0 {
			return "", fmt.Errorf("the duration %s is negative", v)
		}
		return duration.Format(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	default:
		return fmt.Sprint(v), nil
	}
}

// safe is what no version of ONTAP reads as anything but itself: what names of SVMs, target names, UUIDs, times and durations
// are made of.
var safe = regexp.MustCompile(`^[A-Za-z0-9_.:@/+-]+$`)

// ambiguous finds what is an operator though made of safe characters.
func ambiguous(text string) bool {
	return strings.Contains(text, "..") || strings.EqualFold(text, "null")
}

// quote puts a text between quotation marks, in which the array reads no operators, unless it has none anyhow. How a quotation mark
// itself is written there is documented nowhere: a guess could match what was not asked for.
func quote(text string) (string, error) {
	if safe.MatchString(text) && !ambiguous(text) {
		return text, nil
	}
	if strings.Contains(text, `"`) {
		return "", fmt.Errorf("%q contains a quotation mark, for which the array's queries have no spelling", text)
	}
	return `"` + text + `"`, nil
}
