package transcripts

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

// mask says what is different in each run, and what to compare in its place.
type mask struct {
	what *regexp.Regexp
	with string
}

// everywhere are the masks of all pages.
var everywhere = []mask{
	{regexp.MustCompile(`\b(https?://)?127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "TIME"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`), "TIME"},
	// Ages, in tables. How often an event was seen goes with its age.
	{regexp.MustCompile(`(^|\s)(\d+[hms])+( \(x\d+ over (\d+[hms])+\))?(\s|$)`), "${1}AGE${5}"},
	{regexp.MustCompile(`[ \t\r]+`), " "},
	{regexp.MustCompile(`(?m) $`), ""},
}

// figures masks what the load of an array was just then.
var figures = mask{regexp.MustCompile(`"(read|write|other|total|average|maximum|p95)":\d+`), `"$1":N`}

// canonical is an output without what differs from run to run. Members of JSON objects have no order.
func (p *page) canonical(output string) string {
	output = strings.TrimSpace(output)
	if values, err := decode(output); err == nil {
		output = strings.Join(values, "\n")
	}
	for _, m := range slices.Concat(p.masks, everywhere) {
		output = m.what.ReplaceAllString(output, m.with)
	}
	return output
}

// decode takes JSON values one after the other, and writes each in the one way that encoding/json has.
func decode(text string) ([]string, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var values []string
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		written, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		values = append(values, string(written))
	}
}
