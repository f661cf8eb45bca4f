package ontapcluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// namedUsers is how many ISCSIServices a message names.
const namedUsers = 5

// users are the ISCSIServices of an ONTAPCluster, as NAMESPACE/NAME.
func (r *Reconciler) users(ctx context.Context, cluster *v1alpha1.ONTAPCluster) ([]string, error) {
	if cluster.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	var list v1alpha1.ISCSIServiceList
	if err := r.Client.List(ctx, &list, client.MatchingFields{trigger.ServicesByCluster: cluster.Name}); err != nil {
		return nil, err
	}
	users := make([]string, 0, len(list.Items))
	for i := range list.Items {
		users = append(users, client.ObjectKeyFromObject(&list.Items[i]).String())
	}
	slices.Sort(users)
	return users, nil
}

// managed counts the services that ISCSIServices have created or adopted.
func (r *Reconciler) managed(ctx context.Context, cluster *v1alpha1.ONTAPCluster) (managed int32, err error) {
	var list v1alpha1.ISCSIServiceList
	if err := r.Client.List(ctx, &list, client.MatchingFields{trigger.ServicesByCluster: cluster.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return 0, err
	}
	for i := range list.Items {
		if list.Items[i].Status.Origin != "" {
			managed++
		}
	}
	return managed, nil
}

// stillUsed adds to an outcome why an ONTAPCluster that is being deleted stays.
func stillUsed(o outcome.Outcome, users []string) outcome.Outcome {
	if o.Ready == metav1.ConditionTrue {
		o.Reason = v1alpha1.ReasonStillUsed
	}
	named := users[:min(len(users), namedUsers)]
	o.Message += fmt.Sprintf(" It stays while ISCSIServices use it, %d of them: %s", len(users), strings.Join(named, ", "))
	if more := len(users) - len(named); more > 0 {
		o.Message += fmt.Sprintf(" and %d more", more)
	}
	o.Message += ". Delete them first."
	return o
}
