package iscsiservice

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// reasonCase brings a reason about. The check makes another generation of the object, and then does one pass.
type reasonCase struct {
	reason string
	bring  func(t *testing.T) *trial
	ready  metav1.ConditionStatus
	// stalled: a person must do something. What is neither that nor ready is reconciling.
	stalled bool
	// beside is a condition of the same reason that is there besides Ready; empty if there is none.
	beside string
	// message has what the message of Ready must tell: field, ONTAP code, next step.
	message []string
}

const (
	isReady    = metav1.ConditionTrue
	isNotReady = metav1.ConditionFalse
	isUnknown  = metav1.ConditionUnknown
)

// reasonCases is all that shows in Ready, file by file.
func reasonCases() []reasonCase {
	return slices.Concat(settledReasons, svmReasons, objectReasons, passingReasons, clusterReasons)
}

func TestEachReasonOfReady(t *testing.T) {
	for _, c := range reasonCases() {
		name := c.reason
		if c.ready == isNotReady && c.stalled {
			name += " stalled"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := c.bring(t)
			x.touch()
			x.pass()
			obj := x.obj()
			ready := x.condition(v1alpha1.ConditionReady)
			x.Expect(ready.Reason).To(Equal(c.reason), ready.Message)
			x.Expect(ready.Status).To(Equal(c.ready))
			for _, part := range c.message {
				x.Expect(ready.Message).To(ContainSubstring(part))
			}
			decided := c.stalled || c.ready == isReady
			moved := Equal(obj.Generation)
			if !decided {
				moved = Not(moved)
			}
			x.Expect(obj.Status.ObservedGeneration).To(moved, "observedGeneration moves when the generation is decided upon")
			shown := map[string]bool{v1alpha1.ConditionReady: true}
			shown[v1alpha1.ConditionStalled] = c.stalled
			shown[v1alpha1.ConditionReconciling] = !decided
			shown[v1alpha1.ConditionInUse] = c.beside == v1alpha1.ConditionInUse
			shown[v1alpha1.ConditionPaused] = c.beside == v1alpha1.ConditionPaused
			for conditionType, there := range shown {
				want := metav1.Condition{}
				if there && conditionType != v1alpha1.ConditionReady {
					want = ready
					want.Type, want.Status = conditionType, metav1.ConditionTrue
				} else if there {
					want = ready
				}
				got := x.condition(conditionType)
				got.LastTransitionTime, want.LastTransitionTime = metav1.Time{}, metav1.Time{}
				x.Expect(got).To(Equal(want), conditionType)
			}
		})
	}
}

// reasonsOfOthers are those that no ISCSIService shows, and why.
var reasonsOfOthers = map[string]string{
	v1alpha1.ReasonConnected:            "Ready=True of an ONTAPCluster",
	v1alpha1.ReasonStillUsed:            "an ONTAPCluster that is being deleted",
	v1alpha1.ReasonCompleted:            "an ISCSIMetricsQuery",
	v1alpha1.ReasonMetricsDisabled:      "an ISCSIMetricsQuery",
	v1alpha1.ReasonInvalidQuery:         "an ISCSIMetricsQuery",
	v1alpha1.ReasonMetricsUnavailable:   "an ISCSIMetricsQuery",
	v1alpha1.ReasonISCSIServiceNotFound: "an ISCSIMetricsQuery",
	v1alpha1.ReasonISCSIServiceNotReady: "an ISCSIMetricsQuery",
}

func TestEachReasonOfTheAPIHasACase(t *testing.T) {
	g := NewWithT(t)
	file, err := parser.ParseFile(token.NewFileSet(), "../../../api/v1alpha1/conditions.go", nil, 0)
	g.Expect(err).NotTo(HaveOccurred())
	var ofAPI []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		g.Expect(err).NotTo(HaveOccurred())
		ofAPI = append(ofAPI, value)
		return true
	})
	covered := slices.Collect(maps.Keys(reasonsOfOthers))
	for _, c := range reasonCases() {
		covered = append(covered, c.reason)
	}
	for _, c := range metricsReasons {
		covered = append(covered, c.reason)
	}
	slices.Sort(covered)
	g.Expect(slices.Compact(covered)).To(ConsistOf(ofAPI))
}
