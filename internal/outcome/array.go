package outcome

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	// longestRetry is the most that is made of the array's wish to be left alone.
	longestRetry = 10 * time.Minute
	// loginRetry is how often a login that was refused is tried again: ONTAP locks accounts.
	loginRetry = 5 * time.Minute
)

// FromArray is the one table from an error of the array to an outcome. subject names what the error is about, such as
// SVM "svm1". It is false for an error that the array has no part in.
func FromArray(err error, subject string) (Outcome, bool) {
	o, ok := translate(err, subject)
	o.RetryAfter = min(o.RetryAfter, longestRetry)
	return o, ok
}

// translate is FromArray without a limit to patience.
func translate(err error, subject string) (Outcome, bool) {
	var refusal *ontap.Error
	var transport *ontap.TransportError
	var changed *fleet.ChangedError
	switch {
	case errors.As(err, &refusal):
		return FromRefusal(refusal, subject), true
	case errors.As(err, &transport):
		return Unknown(v1alpha1.ReasonArrayUnreachable,
			fmt.Sprintf("%s: %s. The state shown is the last one known; the operator keeps trying.", subject, transport.Err),
			transport.RetryAfter), true
	case errors.As(err, &changed):
		return Stalled(v1alpha1.ReasonArrayChanged, fmt.Sprintf(
			"%s. Nothing is written to it: put spec.endpoint back, and create another ONTAPCluster for another array.", capitalised(changed.Error()))), true
	case errors.Is(err, fleet.ErrNoIdentity):
		return Stalled(v1alpha1.ReasonInvalidConfiguration, subject+": "+err.Error()+
			". Use an account of the cluster (\"security login create -vserver CLUSTER\"), not of an SVM."), true
	case errors.Is(err, fleet.ErrNotIdentified), errors.Is(err, fleet.ErrNotPolled):
		return Reconciling(v1alpha1.ReasonONTAPClusterNotReady, subject+": "+err.Error()+".", 0), true
	}
	return Outcome{}, false
}

// FromRefusal is FromArray for a definite no of the array.
func FromRefusal(refusal *ontap.Error, subject string) Outcome {
	if r, ok := remedies[refusal.Code]; ok {
		message := fmt.Sprintf("%s %s (%s). %s", subject, r.trouble, Cited(refusal), r.remedy)
		if r.passes {
			return Reconciling(r.reason, message, refusal.RetryAfter)
		}
		return Stalled(r.reason, message)
	}
	message := fmt.Sprintf("%s: the array says %q (%s).", subject, refusal.Message, Cited(refusal))
	switch {
	case refusal.LoginRefused():
		return Unknown(v1alpha1.ReasonCredentialsInvalid, fmt.Sprintf(
			"The array does not accept the operator's login (%s). Put a valid account into the Secret of the ONTAPCluster; see \"security login show\".",
			Cited(refusal)), loginRetry)
	case refusal.Forbidden():
		return Unknown(v1alpha1.ReasonPermissionDenied, capitalised(Forbidden(refusal))+".", loginRetry)
	case refusal.Code == ontap.CodeTooManyRequests, refusal.Code == ontap.CodeOverloaded,
		refusal.Status == http.StatusTooManyRequests, refusal.Status == http.StatusServiceUnavailable && refusal.Code != ontap.CodeInUse:
		return Reconciling(v1alpha1.ReasonThrottled,
			fmt.Sprintf("The array asks for fewer requests (%s). The operator waits and tries again.", Cited(refusal)), refusal.RetryAfter)
	case refusal.Code == ontap.CodeInUse:
		return Reconciling(v1alpha1.ReasonBusy, message+" The operator tries again.", refusal.RetryAfter)
	case refusal.Status >= http.StatusInternalServerError:
		return Reconciling(v1alpha1.ReasonArrayError, message+
			" The operator tries again; if it lasts, look at \"event log show\" on the array.", refusal.RetryAfter)
	default:
		return Stalled(v1alpha1.ReasonRejected, message+
			" Look the code up in the ONTAP documentation; the operator tries again every 10 minutes, or when the object changes.")
	}
}

// Forbidden says what the role of the operator's account lacks, and how to grant it.
func Forbidden(refusal *ontap.Error) string {
	access := "all"
	if refusal.Method == http.MethodGet {
		access = "readonly"
	}
	return fmt.Sprintf("the role of the operator's account does not allow %s %s, to %s (%s). "+
		"Grant it with \"security login rest-role create -api %s -access %s\"; docs/ontap-role.md has all that the operator needs",
		refusal.Method, refusal.API, refusal.Operation, Cited(refusal), refusal.API, access)
}

// Cited quotes what does not change from one try to the next: the code, and the arguments that the array gave with it.
func Cited(refusal *ontap.Error) string {
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
