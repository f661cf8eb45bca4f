package query

import (
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// Selection is which fields of a schema a request gets to see, by position.
type Selection []bool

// Keys selects the key fields only: what a collection returns when nothing is asked for.
func (s *Schema[R]) Keys() Selection {
	return s.where(func(f Field[R]) bool { return f.Key })
}

// Common selects all fields but the expensive ones: fields=*, and what an instance returns.
func (s *Schema[R]) Common() Selection {
	return s.where(func(f Field[R]) bool { return f.Key || !f.Expensive && f.Kind != Link })
}

func (s *Schema[R]) where(wanted func(Field[R]) bool) Selection {
	selection := make(Selection, len(s.fields))
	for i, field := range s.fields {
		selection[i] = wanted(field)
	}
	return selection
}

// Select applies the fields parameter. Nothing asked for means the selection given as otherwise.
func (s *Schema[R]) Select(terms []string, otherwise Selection, ignoreUnknown bool) (Selection, error) {
	if len(terms) == 0 {
		return otherwise, nil
	}
	selection := s.Keys()
	if onlyExclusions(terms) {
		selection = s.Common()
	}
	for _, term := range terms {
		name, exclude := strings.CutPrefix(term, "!")
		if !s.mark(selection, name, !exclude) && !ignoreUnknown {
			return nil, ontaperror.Newf(ontaperror.InvalidValue, "fields", "The value %q is invalid for field \"fields\" (<field,...>)", term)
		}
	}
	for i, field := range s.fields {
		selection[i] = selection[i] || field.Key
	}
	return selection, nil
}

func onlyExclusions(terms []string) bool {
	for _, term := range terms {
		if !strings.HasPrefix(term, "!") {
			return false
		}
	}
	return true
}

// mark selects or deselects what a term names, and says whether that exists.
func (s *Schema[R]) mark(selection Selection, term string, to bool) bool {
	switch term {
	case "*":
		for i, wanted := range s.Common() {
			if wanted {
				selection[i] = to
			}
		}
		return true
	case "**":
		for i, field := range s.fields {
			selection[i] = to && field.Kind != Link
		}
		return true
	}
	object := strings.TrimSuffix(term, ".*")
	found := object == "_links"
	for i, field := range s.fields {
		if Within(field.Name, object) {
			found = true
			if field.Kind != Link {
				selection[i] = to
			}
		}
	}
	return found
}

// WithLinks adds the links of every object of which something is selected.
func (s *Schema[R]) WithLinks(selection Selection) Selection {
	linked := append(Selection(nil), selection...)
	for i, field := range s.fields {
		if field.Kind != Link {
			continue
		}
		owner, _, nested := strings.Cut(field.Name, "._links.")
		for j := range selection {
			if selection[j] && (!nested || Within(s.fields[j].Name, owner)) {
				linked[i] = true
				break
			}
		}
	}
	return linked
}

// SplitFields splits a fields parameter at its commas, and spells out braces: svm.{name,uuid} is svm.name,svm.uuid.
func SplitFields(text string) []string {
	var terms []string
	for _, term := range splitOutside(text, ',', '{', '}') {
		term = strings.TrimSpace(term)
		prefix, list, braces := strings.Cut(term, "{")
		list, closed := strings.CutSuffix(list, "}")
		switch {
		case term == "":
		case !braces || !closed:
			terms = append(terms, term)
		default:
			for _, member := range SplitFields(list) {
				terms = append(terms, prefix+member)
			}
		}
	}
	return terms
}

// splitOutside splits at a separator that stands outside brackets.
func splitOutside(text string, separator, open, shut byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case open:
			depth++
		case shut:
			depth--
		case separator:
			if depth <= 0 {
				parts = append(parts, text[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, text[start:])
}

// With adds fields by name to a selection.
func (s *Schema[R]) With(selection Selection, names []string) Selection {
	if len(names) == 0 {
		return selection
	}
	extended := append(Selection(nil), selection...)
	for _, name := range names {
		extended[s.index[name]] = true
	}
	return extended
}
