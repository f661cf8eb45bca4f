package access

import (
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// Shard is the part of the ONTAPClusters that this operator works on, with all their ISCSIServices, where several
// operators share a Kubernetes cluster. All of them see every object, so that claims and uses count across shards. The
// zero value is everything.
type Shard struct {
	// Selector selects ONTAPClusters by their labels; nil selects all.
	Selector labels.Selector
}

// Has reports whether the ONTAPCluster is in the shard. One that does not exist has no labels: the operator whose
// selector takes that reports on the objects that name it.
func (s Shard) Has(cluster *v1alpha1.ONTAPCluster) bool {
	return s.Selector == nil || s.Selector.Matches(labels.Set(cluster.Labels))
}
