package admission

import (
	"math"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
)

// ArrayUUID is the UUID of the array that an ONTAPCluster leads to: the one that answers, or else the one that is remembered.
func ArrayUUID(arrays *fleet.Fleet, cluster *v1alpha1.ONTAPCluster) string {
	if array, ok := arrays.Array(cluster.Name); ok {
		if who, known := array.Identity(math.MaxInt64); known {
			return who.UUID
		}
	}
	if cluster.Status.Array == nil {
		return ""
	}
	return cluster.Status.Array.UUID
}
