package array

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// firstVserverID numbers SVMs in IQNs. The array's own administrative SVMs take the numbers before it.
const firstVserverID = 4

// namespace makes the names that deterministic UUIDs derive from this program's own.
var namespace = uuid.MustParse("5a9f0c7e-3f1d-4c0a-9b62-9d0f6f7d1a11")

func deterministicUUID(parts ...string) string {
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\x00"))).String()
}

// freshUUID derives an SVM's UUID from the cluster and the name, so that a scenario plays the same way twice. An SVM
// that takes over the name of a deleted one is another SVM: the number of SVMs there have been sets it apart.
func (a *Array) freshUUID(name string) string {
	first := deterministicUUID("svm", a.cluster.UUID, name)
	if !a.used[first] {
		a.used[first] = true
		return first
	}
	return deterministicUUID("svm", a.cluster.UUID, name, fmt.Sprint(a.nextID))
}

// generatedTarget is the IQN the array gives a new service. The reference shows one whose hexadecimal part is the
// SVM's UUID and one where it isn't; clients must take it as it comes. A fresh one is none that the SVM had before.
func (s *SVM) generatedTarget(fresh bool) string {
	serial := s.UUID
	if fresh && s.generated > 0 {
		serial = deterministicUUID("target", s.UUID, fmt.Sprint(s.generated))
	}
	return fmt.Sprintf("iqn.1992-08.com.netapp:sn.%s:vs.%d", strings.ReplaceAll(serial, "-", ""), s.number)
}
