package argocd_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/argocd"
)

func TestActionsOnOffer(t *testing.T) {
	running, paused := ready(v1alpha1.ReasonEnabled), ready(v1alpha1.ReasonEnabled).annotated(v1alpha1.PausedAnnotation, "true")
	all := func(paused bool) map[string]argocd.Action {
		return map[string]argocd.Action{"reconcile": {Disabled: paused}, "pause": {Disabled: paused}, "resume": {Disabled: !paused}}
	}
	for _, c := range []struct {
		name   string
		object *unstructured.Unstructured
		offer  map[string]argocd.Action
	}{
		{"a service", running.object(t, "ISCSIService"), all(false)},
		{"a paused service", paused.object(t, "ISCSIService"), all(true)},
		{"a service whose annotation says no", running.annotated(v1alpha1.PausedAnnotation, "false").object(t, "ISCSIService"), all(false)},
		{"an array", running.object(t, "ONTAPCluster"), all(false)},
		{"an array whose annotation says no", running.annotated(v1alpha1.PausedAnnotation, "false").object(t, "ONTAPCluster"), all(false)},
		{"a paused array", paused.object(t, "ONTAPCluster"), all(true)},
		{"a query", running.object(t, "ISCSIMetricsQuery"), map[string]argocd.Action{"reconcile": {}}},
		{"a query that is answered", answered(running.object(t, "ISCSIMetricsQuery")), map[string]argocd.Action{"reconcile": {Disabled: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			offer, err := scripts.Actions(c.object)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(offer).To(Equal(c.offer))
		})
	}
}

func answered(query *unstructured.Unstructured) *unstructured.Unstructured {
	query.Object["status"] = map[string]any{"completionTime": "2026-11-23T10:15:00Z"}
	return query
}

// full is an object with all that the way through Lua could spoil.
func full(t *testing.T, kind string, annotations map[string]string) *unstructured.Unstructured {
	object := ready(v1alpha1.ReasonEnabled).object(t, kind)
	object.SetAnnotations(annotations)
	object.Object["spec"] = map[string]any{
		"enabled": false, "alias": "", "limits": map[string]any{"maxInFlight": int64(4)},
		"access": []any{map[string]any{"namespaces": map[string]any{"selector": map[string]any{}}, "svms": []any{"a", "b"}}},
	}
	return object
}

func TestPauseAndResume(t *testing.T) {
	const paused, other = v1alpha1.PausedAnnotation, "example.com/other"
	for _, kind := range []string{"ISCSIService", "ONTAPCluster"} {
		for _, c := range []struct {
			name, action  string
			before, after map[string]string
		}{
			{"pauses", "pause", nil, map[string]string{paused: "true"}},
			{"pauses, and leaves other annotations alone", "pause", map[string]string{other: "x"}, map[string]string{other: "x", paused: "true"}},
			{"resumes, and leaves other annotations alone", "resume", map[string]string{other: "x", paused: "true"}, map[string]string{other: "x"}},
			{"resumes when there is no other annotation", "resume", map[string]string{paused: "true"}, nil},
		} {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				g := NewWithT(t)
				result, err := scripts.Act(full(t, kind, c.before), c.action)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(result).To(Equal(full(t, kind, c.after)), "nothing else may change")
			})
		}
	}
}

func TestReconcile(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			g := NewWithT(t)
			before := full(t, kind, nil)
			result, err := scripts.Act(before.DeepCopy(), "reconcile")
			g.Expect(err).NotTo(HaveOccurred())
			asked, err := time.Parse(time.RFC3339, result.GetAnnotations()[v1alpha1.ReconcileRequestedAtAnnotation])
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(asked).To(BeTemporally("~", time.Now(), time.Minute))
			g.Expect(result.GetAnnotations()).To(HaveLen(1))
			result.SetAnnotations(nil)
			g.Expect(result).To(Equal(before), "nothing else may change")
		})
	}
}
