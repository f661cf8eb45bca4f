package ontap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"net/url"
	"strings"
)

// page is the answer to a request for a collection. Pointers and slices tell what is absent from what is zero or empty: a page that
// lacks its records is not a page without records.
type page[R any] struct {
	NumRecords *int    `json:"num_records"`
	Records    rows[R] `json:"records"`
	Links      struct {
		Next *struct {
			Href string `json:"href"`
		} `json:"next"`
	} `json:"_links"`
}

// complete checks the page against itself.
func (p *page[R]) complete() error {
	switch {
	case p.Records == nil:
		return errors.New("it has no records")
	case p.NumRecords == nil:
		return errors.New("it has no num_records")
	case *p.NumRecords != len(p.Records):
		return fmt.Errorf("num_records is %d but there are %d records", *p.NumRecords, len(p.Records))
	}
	return nil
}

// counted is complete for a page that was asked for without its records.
func (p *page[R]) counted() error {
	switch {
	case p.Records != nil:
		return p.complete()
	case p.NumRecords == nil:
		return errors.New("it has no num_records")
	case *p.NumRecords < 0 || *p.NumRecords > math.MaxInt32:
		return fmt.Errorf("num_records is %d", *p.NumRecords)
	}
	return nil
}

// next returns the path and query of the following page, or "" on the last. A page leads to a page of the same
// collection and nowhere else: another host would get the credentials, another collection would be read as this one.
func (p *page[R]) next(collection string) (string, error) {
	if p.Links.Next == nil {
		return "", nil
	}
	href := strings.ReplaceAll(p.Links.Next.Href, " ", "%20")
	link, err := url.Parse(href)
	switch {
	case err != nil || href == "":
		return "", errors.New("the link to the next page can't be read")
	case link.Scheme != "" || link.Host != "" || link.User != nil || link.Opaque != "":
		return "", errors.New("the link to the next page is not relative to the host")
	case link.EscapedPath() != collection:
		return "", errors.New("the link to the next page leads out of the collection")
	}
	return link.RequestURI(), nil
}

// collection is a list to walk: its path, its query, and what to call the walk in errors.
type collection struct {
	operation string
	path      string
	query     Query
	interval  Interval
}

func (l collection) target() (string, error) {
	query, err := l.query.encode()
	if err != nil {
		return "", err
	}
	if l.interval != "" {
		interval := parameters{}
		interval.add("interval", string(l.interval))
		query = interval.String() + strings.Replace(query, "?", "&", 1)
	}
	return l.path + query, nil
}

// list walks a collection to its end, page by page as the consumer goes, and turns wire records into values. It yields a
// *RecordError in the place of a record that can't be understood, and goes on. Any other error it yields at most once, as the last
// thing: what came before it is then a part of the collection of which nothing is known but that it exists.
func list[R record, T any](ctx context.Context, c *Client, l collection, value func(R) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if want := l.query.returnRecords; want != nil && !*want {
			yield(none, invalid(l.operation, "return_records=false returns no records to iterate; count them instead"))
			return
		}
		for page, err := range pages(ctx, c, l, (*page[R]).complete) {
			if err != nil {
				yield(none, err)
				return
			}
			if !yieldRecords(c, l, page, value, yield) {
				return
			}
		}
	}
}

// yieldRecords yields the records of a page, and reports whether the consumer goes on.
func yieldRecords[R record, T any](c *Client, l collection, p *page[R], value func(R) (T, error), yield func(T, error) bool) bool {
	for _, row := range p.Records {
		converted, svm, err := convert(row, value)
		if err != nil {
			err = c.unreadable(l.operation, svm, err)
		}
		if !yield(converted, err) {
			return false
		}
	}
	return true
}

// count asks for the number of records only. A number, too, comes in pages when the array runs out of time.
func count(ctx context.Context, c *Client, l collection) (int, error) {
	l.query = l.query.ReturnRecords(false)
	total := 0
	for page, err := range pages(ctx, c, l, (*page[struct{}]).counted) {
		if err != nil {
			return 0, err
		}
		total += *page.NumRecords
	}
	return total, nil
}

// What a walk takes at most, all pages together. No array has as much; a broken one may have no end.
const (
	maxPages   = 1000
	maxRecords = 100_000
	maxWalk    = 64 << 20 // bytes
)

var errTooManyRecords = fmt.Errorf("the list has more than %d records", maxRecords)

// pages follows _links.next. A next link means "ask again" even from a page without records; one that leads back to a page already
// read would mean asking forever.
func pages[R any](ctx context.Context, c *Client, l collection, check func(*page[R]) error) iter.Seq2[*page[R], error] {
	return func(yield func(*page[R], error) bool) {
		target, err := l.target()
		if err != nil {
			yield(nil, invalid(l.operation, "%v", err))
			return
		}
		w := walk{read: map[string]bool{}}
		for target != "" {
			r := request{operation: l.operation, method: http.MethodGet, target: target, list: true}
			answer, err := c.send(ctx, r)
			if err != nil {
				yield(nil, err)
				return
			}
			w.read[target] = true
			p := new(page[R])
			target, err = readPage(&w, answer.body, p, l.path, check)
			if err != nil {
				yield(nil, c.misread(r, err))
				return
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// readPage reads a page of the collection at that path, and returns the path and query of the next one.
func readPage[R any](w *walk, body []byte, p *page[R], path string, check func(*page[R]) error) (next string, err error) {
	if err := understand(body, p); err != nil {
		return "", err
	}
	if err := check(p); err != nil {
		return "", err
	}
	next, err = p.next(path)
	if err != nil {
		return "", err
	}
	return next, w.goOn(next, len(body), len(p.Records))
}

// walk is how far a list was followed.
type walk struct {
	read           map[string]bool // by path and query
	bytes, records int
}

// goOn adds a page that was read, and returns why the walk doesn't go on to the next, if there is one.
func (w *walk) goOn(next string, bytes, records int) error {
	w.bytes += bytes
	w.records += records
	switch {
	case w.records > maxRecords:
		return errTooManyRecords
	case w.bytes > maxWalk:
		return fmt.Errorf("the list is larger than %d MiB", maxWalk>>20)
	case next == "":
		return nil
	case w.read[next]:
		return errors.New("the link to the next page leads back to a page already read")
	case len(w.read) == maxPages:
		return fmt.Errorf("the list has more than %d pages", maxPages)
	}
	return nil
}
