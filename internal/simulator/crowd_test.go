package simulator

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
)

// Clients and administrators change the same SVMs at the same time. At most one create takes effect between two
// deletions, and nobody is answered with anything but what the reference knows.
func TestManyAtOnce(t *testing.T) {
	b := newBed(t)
	uuid := b.svm("svm1")["uuid"].(string)
	known := []int{200, 201, 404, 409}
	var mu sync.Mutex
	created, deleted := 0, 0
	var unknown []string
	count := func(request string, got answer, err error) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil || !slices.Contains(known, got.status):
			unknown = append(unknown, fmt.Sprintf("%s: %d %s %v", request, got.status, got.body, err))
		case got.status == 201:
			created++
		case got.status == 200 && request == "DELETE":
			deleted++
		}
	}
	var crowd sync.WaitGroup
	for range 4 {
		crowd.Go(func() {
			for range 25 {
				for _, r := range [][3]string{
					{"POST", services, `{"svm.name":"svm1"}`}, {"GET", services + "?fields=**", ""},
					{"PATCH", services + "/" + uuid, `{"enabled":false}`}, {"DELETE", services + "/" + uuid, ""},
				} {
					got, err := b.try(r[0], r[1], r[2])
					count(r[0], got, err)
				}
			}
		})
	}
	crowd.Go(func() {
		for n := range 25 {
			b.controlStatus("PATCH", "/svms/svm2", fmt.Sprintf(`{"state":%q}`, []string{"stopped", "running"}[n%2]))
			b.controlStatus("POST", "/svms/svm2/sessions", `{"initiator":"iqn.1998-01.com.example:host"}`)
			b.controlStatus("POST", "/svms", fmt.Sprintf(`{"name":"new%d"}`, n))
			b.controlStatus("DELETE", fmt.Sprintf("/svms/new%d", n), "")
		}
	})
	crowd.Wait()
	b.Expect(unknown).To(BeEmpty())
	left := 0
	if b.svm("svm1")["service"] != nil {
		left = 1
	}
	b.Expect(created).To(And(BeNumerically(">", 0), Equal(deleted+left)))
}
