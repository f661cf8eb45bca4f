package controller

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	// settledRetry is when an object that is as it should be is looked at unasked: whatever changes triggers a look by
	// itself.
	settledRetry = time.Hour
	// stalledRetry is how often something that a person must mend is tried again unasked.
	stalledRetry = 10 * time.Minute
	// longestRetry is the most that is made of the array's wish to be left alone.
	longestRetry = 10 * time.Minute
	// loginRetry is how often a login that was refused is tried again: ONTAP locks accounts.
	loginRetry = 5 * time.Minute
	// grace is how long a missing ONTAPCluster or Secret is waited for before it counts as somebody's mistake:
	// things that are applied together arrive in any order.
	grace = 2 * time.Minute
)

// outcome is how a pass ended: the conditions to show, and when to look again.
type outcome struct {
	// ready is the status of the Ready condition, with reason and message.
	ready           metav1.ConditionStatus
	reason, message string
	// stalled: a person must do something. Otherwise an outcome that is not ready is reconciling.
	stalled bool
	// paused: an annotation keeps the operator from changing anything; frozen: the conditions stay as they were.
	paused, frozen bool
	// inUse: initiators keep the service from being disabled.
	inUse bool
	// expected: no event is worth it, since things that are applied together take a moment to find each other.
	expected bool
	// retryAfter is when to look again; 0 means with backoff.
	retryAfter time.Duration
}

func ready(reason, message string, lookAgain time.Duration) outcome {
	return outcome{ready: metav1.ConditionTrue, reason: reason, message: message, retryAfter: lookAgain}
}

func stalled(reason, message string) outcome {
	return outcome{ready: metav1.ConditionFalse, reason: reason, message: message, stalled: true, retryAfter: stalledRetry}
}

func reconciling(reason, message string, retryAfter time.Duration) outcome {
	return outcome{ready: metav1.ConditionFalse, reason: reason, message: message, retryAfter: retryAfter}
}

func unknown(reason, message string, retryAfter time.Duration) outcome {
	return outcome{ready: metav1.ConditionUnknown, reason: reason, message: message, retryAfter: retryAfter}
}

// waitingFor is the outcome while something that should exist does not: it may be on its way, until grace has passed.
func waitingFor(conditions []metav1.Condition, reason, message string) outcome {
	left := grace
	if c := readyCondition(conditions); c != nil && c.Reason == reason {
		left -= time.Since(c.LastTransitionTime.Time)
	}
	if left <= 0 {
		return stalled(reason, message)
	}
	o := reconciling(reason, message, left+time.Second)
	o.expected = true
	return o
}

// fromArray is the one table from an error of the array to an outcome. subject names what the error is about, such as
// SVM "svm1". It is false for an error that the array has no part in.
func fromArray(err error, subject string) (outcome, bool) {
	o, ok := translate(err, subject)
	o.retryAfter = min(o.retryAfter, longestRetry)
	return o, ok
}

// translate is fromArray without a limit to patience.
func translate(err error, subject string) (outcome, bool) {
	var refusal *ontap.Error
	var transport *ontap.TransportError
	var changed *fleet.ChangedError
	switch {
	case errors.As(err, &refusal):
		return fromRefusal(refusal, subject), true
	case errors.As(err, &transport):
		return unknown(v1alpha1.ReasonArrayUnreachable,
			fmt.Sprintf("%s: %s. The state shown is the last one known; the operator keeps trying.", subject, transport.Err),
			transport.RetryAfter), true
	case errors.As(err, &changed):
		return stalled(v1alpha1.ReasonArrayChanged, fmt.Sprintf(
			"%s. Nothing is written to it: put spec.endpoint back, and create another ONTAPCluster for another array.", capitalised(changed.Error()))), true
	case errors.Is(err, fleet.ErrNoIdentity):
		return stalled(v1alpha1.ReasonInvalidConfiguration, subject+": "+err.Error()+
			". Use an account of the cluster (\"security login create -vserver CLUSTER\"), not of an SVM."), true
	case errors.Is(err, fleet.ErrNotIdentified), errors.Is(err, fleet.ErrNotPolled):
		return reconciling(v1alpha1.ReasonONTAPClusterNotReady, subject+": "+err.Error()+".", 0), true
	}
	return outcome{}, false
}

func fromRefusal(refusal *ontap.Error, subject string) outcome {
	if r, ok := remedies[refusal.Code]; ok {
		message := fmt.Sprintf("%s %s (%s). %s", subject, r.trouble, cited(refusal), r.remedy)
		if r.passes {
			return reconciling(r.reason, message, refusal.RetryAfter)
		}
		return stalled(r.reason, message)
	}
	message := fmt.Sprintf("%s: the array says %q (%s).", subject, refusal.Message, cited(refusal))
	switch {
	case refusal.LoginRefused():
		return unknown(v1alpha1.ReasonCredentialsInvalid, fmt.Sprintf(
			"The array does not accept the operator's login (%s). Put a valid account into the Secret of the ONTAPCluster; see \"security login show\".",
			cited(refusal)), loginRetry)
	case refusal.Forbidden():
		return unknown(v1alpha1.ReasonPermissionDenied, capitalised(forbidden(refusal))+".", loginRetry)
	case refusal.Code == ontap.CodeTooManyRequests, refusal.Code == ontap.CodeOverloaded,
		refusal.Status == http.StatusTooManyRequests, refusal.Status == http.StatusServiceUnavailable && refusal.Code != ontap.CodeInUse:
		return reconciling(v1alpha1.ReasonThrottled,
			fmt.Sprintf("The array asks for fewer requests (%s). The operator waits and tries again.", cited(refusal)), refusal.RetryAfter)
	case refusal.Code == ontap.CodeInUse:
		return reconciling(v1alpha1.ReasonBusy, message+" The operator tries again.", refusal.RetryAfter)
	case refusal.Status >= http.StatusInternalServerError:
		return reconciling(v1alpha1.ReasonArrayError, message+
			" The operator tries again; if it lasts, look at \"event log show\" on the array.", refusal.RetryAfter)
	default:
		return stalled(v1alpha1.ReasonRejected, message+
			" Look the code up in the ONTAP documentation; the operator tries again every 10 minutes, or when the object changes.")
	}
}

// forbidden says what the role of the operator's account lacks, and how to grant it.
func forbidden(refusal *ontap.Error) string {
	access := "all"
	if refusal.Method == http.MethodGet {
		access = "readonly"
	}
	return fmt.Sprintf("the role of the operator's account does not allow %s %s, to %s (%s). "+
		"Grant it with \"security login rest-role create -api %s -access %s\"; docs/ontap-role.md has all that the operator needs",
		refusal.Method, refusal.API, refusal.Operation, cited(refusal), refusal.API, access)
}

// cited quotes what does not change from one try to the next: the code, and the arguments that the array gave with it.
func cited(refusal *ontap.Error) string {
	var b strings.Builder
	if refusal.Code != 0 {
		fmt.Fprintf(&b, "ONTAP code %d", refusal.Code)
	} else {
		fmt.Fprintf(&b, "HTTP status %d", refusal.Status)
	}
	if refusal.Target != "" {
		fmt.Fprintf(&b, ", field %s", refusal.Target)
	}
	for _, argument := range refusal.Arguments {
		fmt.Fprintf(&b, ", %s", argument.Message)
	}
	return b.String()
}

func capitalised(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
