package fleet

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// ErrNotIdentified is returned for every request to an array that has not been identified yet.
var ErrNotIdentified = errors.New("the array at the endpoint has not been identified yet")

// ErrNotPolled is returned for every request to an array whose services have not been read yet.
var ErrNotPolled = errors.New("the services of the array have not been read yet")

// ErrNoIdentity is returned when the account does not see the UUID of the array: without it, one array could pass for
// another.
var ErrNoIdentity = errors.New("the account does not see the UUID of the cluster")

// ErrMetricsNotSupported is why there is no performance data from an ONTAP before 9.7.
var ErrMetricsNotSupported = errors.New("performance data of iSCSI services exists since ONTAP 9.7")

// ChangedError is returned when another array answers at the endpoint than the one that is remembered.
type ChangedError struct {
	// Expected is the UUID of the array that is remembered.
	Expected string
	// Found is the array that answers now.
	Found ontap.Cluster
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("array %s (UUID %s) answers at the endpoint, where the array with UUID %s was before",
		e.Found.Name, e.Found.UUID, e.Expected)
}

// SaysAbsent reports whether the array said about one SVM that it has no iSCSI service, or does not exist. A collection,
// a status without an ONTAP code, or a missing answer never says so.
func SaysAbsent(err error) bool {
	if errors.Is(err, ontap.CodeServiceNotFound) || errors.Is(err, ontap.CodeSVMNotFound) {
		return true
	}
	var refusal *ontap.Error
	return errors.As(err, &refusal) && refusal.Status == http.StatusNotFound && refusal.Code == ontap.CodeEntryNotFound
}

// Throttles reports whether the array asked for fewer requests.
func Throttles(refusal *ontap.Error) bool {
	return refusal.Code == ontap.CodeTooManyRequests || refusal.Code == ontap.CodeOverloaded ||
		refusal.Status == http.StatusTooManyRequests || refusal.Status == http.StatusServiceUnavailable && refusal.Code != ontap.CodeInUse
}
