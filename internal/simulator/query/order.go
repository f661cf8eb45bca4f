package query

import (
	"slices"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// Order is one term of order_by.
type Order struct {
	field      int
	descending bool
}

// ParseOrder reads an order_by parameter: field[ asc| desc], comma separated.
func (s *Schema[R]) ParseOrder(text string) ([]Order, error) {
	var orders []Order
	for term := range strings.SplitSeq(text, ",") {
		words := strings.Fields(term)
		invalid := ontaperror.Newf(ontaperror.BadOrderBy, "order_by", "The field %q is invalid in \"order_by\".", strings.TrimSpace(term))
		if len(words) == 0 || len(words) > 2 {
			return nil, invalid
		}
		if _, ok := s.Field(words[0]); !ok {
			return nil, invalid
		}
		order := Order{field: s.index[words[0]]}
		if len(words) == 2 {
			switch strings.ToLower(words[1]) {
			case "asc":
			case "desc":
				order.descending = true
			default:
				return nil, invalid
			}
		}
		orders = append(orders, order)
	}
	return orders, nil
}

// Sort orders records. Records that compare equal keep their order.
func (s *Schema[R]) Sort(records []R, by []Order) {
	slices.SortStableFunc(records, func(a, b R) int {
		for _, order := range by {
			get := s.fields[order.field].Get
			if c := Compare(get(a), get(b)); c != 0 {
				if order.descending {
					return -c
				}
				return c
			}
		}
		return 0
	})
}
