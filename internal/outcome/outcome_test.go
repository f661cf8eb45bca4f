package outcome

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const subject = `SVM "svm1"`

func TestEveryRemedyIsAReasonOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	seen := map[string]ontap.Code{}
	for code := range remedies {
		o, ok := FromArray(fmt.Errorf("wrapped: %w", &ontap.Error{Code: code, Status: 400}), subject)
		g.Expect(ok).To(BeTrue())
		g.Expect(seen).NotTo(HaveKey(o.Reason), "%d", code)
		seen[o.Reason] = code
		g.Expect(o.Ready).To(Equal(metav1.ConditionFalse))
		g.Expect(o.Message).To(HavePrefix(subject), "the field it is about")
		g.Expect(o.Message).To(ContainSubstring("ONTAP code %d", int(code)))
		g.Expect(strings.TrimSpace(o.Message)).To(HaveSuffix("."))
	}
}

func TestOutcomeOfAnError(t *testing.T) {
	refusal := func(status int, code ontap.Code) error {
		return &ontap.Error{Operation: "create iSCSI service", Status: status, Code: code, Message: "No.", RetryAfter: 7 * time.Second}
	}
	for _, c := range []struct {
		name       string
		err        error
		ready      metav1.ConditionStatus
		reason     string
		stalled    bool
		retryAfter time.Duration
	}{
		{"401 without a code", refusal(401, 0), metav1.ConditionUnknown, v1alpha1.ReasonCredentialsInvalid, false, loginRetry},
		{"401 as a code", refusal(400, ontap.CodeUnauthorizedUser), metav1.ConditionUnknown, v1alpha1.ReasonCredentialsInvalid, false, loginRetry},
		{"403", refusal(403, ontap.CodeNotAuthorized), metav1.ConditionUnknown, v1alpha1.ReasonPermissionDenied, false, loginRetry},
		{"429", refusal(429, ontap.CodeTooManyRequests), metav1.ConditionFalse, v1alpha1.ReasonThrottled, false, 7 * time.Second},
		{"503 with Retry-After", refusal(503, ontap.CodeOverloaded), metav1.ConditionFalse, v1alpha1.ReasonThrottled, false, 7 * time.Second},
		{"503 of a service in use", refusal(503, ontap.CodeInUse), metav1.ConditionFalse, v1alpha1.ReasonBusy, false, 7 * time.Second},
		{"500", refusal(500, 4711), metav1.ConditionFalse, v1alpha1.ReasonArrayError, false, 7 * time.Second},
		{"an unknown code", refusal(400, 4711), metav1.ConditionFalse, v1alpha1.ReasonRejected, true, StalledRetry},
		{"silence", &ontap.TransportError{Err: errors.New("connection refused")}, metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable, false, 0},
		{"another array", &fleet.ChangedError{Expected: "a"}, metav1.ConditionFalse, v1alpha1.ReasonArrayChanged, true, StalledRetry},
		{"an array nobody has met yet", fleet.ErrNotIdentified, metav1.ConditionFalse, v1alpha1.ReasonONTAPClusterNotReady, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			o, ok := FromArray(c.err, subject)
			g.Expect(ok).To(BeTrue())
			g.Expect(o.Ready).To(Equal(c.ready))
			g.Expect(o.Reason).To(Equal(c.reason))
			g.Expect(o.Stalled).To(Equal(c.stalled))
			g.Expect(o.RetryAfter).To(Equal(c.retryAfter))
			g.Expect(o.Message).NotTo(ContainSubstring("7s"), "a text that changes at each try would be written at each try")
		})
	}
	_, ok := FromArray(errors.New("the API server says no"), subject)
	NewWithT(t).Expect(ok).To(BeFalse())
}

func TestForbiddenNamesWhatToGrant(t *testing.T) {
	for method, access := range map[string]string{"GET": "readonly", "POST": "all", "PATCH": "all", "DELETE": "all"} {
		o := FromRefusal(&ontap.Error{Operation: "do it", Method: method, API: "/api/a/b", Status: 403, Code: ontap.CodeNotAuthorized}, subject)
		NewWithT(t).Expect(o.Message).To(And(
			ContainSubstring("does not allow "+method+" /api/a/b, to do it (ONTAP code 6)"),
			ContainSubstring(`"security login rest-role create -api /api/a/b -access `+access+`"`)))
	}
}

func TestWaitingForEndsAfterTwoMinutes(t *testing.T) {
	g := NewWithT(t)
	since := func(age time.Duration) []metav1.Condition {
		return []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonSecretNotFound,
			LastTransitionTime: metav1.NewTime(time.Now().Add(-age)),
		}}
	}
	g.Expect(WaitingFor(nil, v1alpha1.ReasonSecretNotFound, "m").Stalled).To(BeFalse())
	g.Expect(WaitingFor(since(Grace-time.Second), v1alpha1.ReasonSecretNotFound, "m").Stalled).To(BeFalse())
	g.Expect(WaitingFor(since(Grace), v1alpha1.ReasonSecretNotFound, "m").Stalled).To(BeTrue())
	g.Expect(WaitingFor(since(Grace), v1alpha1.ReasonSecretInvalid, "m").Stalled).To(BeFalse(), "another trouble has its own two minutes")
}

func TestObservedGenerationMovesWhenDecided(t *testing.T) {
	g := NewWithT(t)
	var conditions []metav1.Condition
	observed := int64(-1)
	SetConditions(&conditions, &observed, 3, Reconciling(v1alpha1.ReasonBusy, "m", 0))
	g.Expect(observed).To(Equal(int64(-1)))
	SetConditions(&conditions, &observed, 3, Unknown(v1alpha1.ReasonArrayUnreachable, "m", 0))
	g.Expect(observed).To(Equal(int64(-1)))
	SetConditions(&conditions, &observed, 3, Stalled(v1alpha1.ReasonRejected, "m"))
	g.Expect(observed).To(Equal(int64(3)))
	g.Expect(conditions).To(HaveLen(2))
	SetConditions(&conditions, &observed, 4, Ready(v1alpha1.ReasonEnabled, "m", 0))
	g.Expect(observed).To(Equal(int64(4)))
	g.Expect(conditions).To(HaveLen(1), "Ready alone, on the happy path")
}
