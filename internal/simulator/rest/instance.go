package rest

import (
	"net/http"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// instance answers a GET of one record: everything but the expensive fields, unless fields says otherwise.
func instance[R any](c *call, schema *query.Schema[R], record R) (Response, error) {
	selection, err := schema.Select(c.params.fields, schema.Common(), c.params.ignoreUnknown)
	if err != nil {
		return Response{}, err
	}
	if c.hal {
		selection = schema.WithLinks(selection)
	}
	if c.params.returnRecords != nil && !*c.params.returnRecords {
		return answer(http.StatusOK, []byte(`{"num_records":1}`)), nil
	}
	return answer(http.StatusOK, schema.Append(nil, record, selection)), nil
}
