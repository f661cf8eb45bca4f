package outcome

import (
	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// remedy is what a user is told about an ONTAP error code: what is wrong, and what to do next.
type remedy struct {
	reason string
	// trouble continues a sentence that begins with the SVM.
	trouble string
	remedy  string
	// passes: it should pass by itself, without a person who does something.
	passes bool
}

// remedies has an entry for each error code that the reference lists for an iSCSI service.
var remedies = map[ontap.Code]remedy{
	ontap.CodeLicenseMissing: {
		reason:  v1alpha1.ReasonLicenseMissing,
		trouble: "cannot have an iSCSI service: the array has no valid iSCSI license",
		remedy:  `Install one with "system license add"; the operator tries again every 10 minutes.`,
	},
	ontap.CodeSVMNotFound: {
		reason:  v1alpha1.ReasonSVMNotFound,
		trouble: "does not exist on the array",
		remedy:  `Correct spec.svm, or create the SVM with "vserver create"; "vserver show" lists those that exist.`,
	},
	ontap.CodeProtocolNotAllowed: {
		reason:  v1alpha1.ReasonProtocolNotAllowed,
		trouble: "does not allow the iSCSI protocol",
		remedy:  `Allow it with "vserver add-protocols -protocols iscsi".`,
	},
	ontap.CodeSVMMismatch: {
		reason:  v1alpha1.ReasonSVMMismatch,
		trouble: "is not one SVM: spec.svm.name and spec.svm.uuid are of two",
		remedy:  `Correct one of them, or leave it out; "vserver show -fields uuid" lists both.`,
	},
	ontap.CodeSVMRequired: {
		reason:  v1alpha1.ReasonInvalidSVM,
		trouble: "is not taken for an SVM by the array",
		remedy:  `Correct spec.svm.name or spec.svm.uuid; "vserver show -fields uuid" lists both.`,
	},
	ontap.CodeNVMeConfigured: {
		reason:  v1alpha1.ReasonNVMeConfigured,
		trouble: "is configured for NVMe, and cannot serve iSCSI as well",
		remedy:  `Use another SVM, or delete the NVMe service with "vserver nvme delete".`,
	},
	ontap.CodeServiceExists: {
		reason:  v1alpha1.ReasonServiceExists,
		trouble: "has an iSCSI service already, but the array does not show it",
		remedy:  `The operator looks again; "vserver iscsi show" shows whether its account should see it.`,
		passes:  true,
	},
	ontap.CodeSVMStopped: {
		reason:  v1alpha1.ReasonSVMStopped,
		trouble: "is stopped, and must run for its iSCSI service to be created",
		remedy:  `Start it with "vserver start".`,
	},
	ontap.CodeUnsupportedPlatform: {
		reason:  v1alpha1.ReasonUnsupportedPlatform,
		trouble: "cannot be given an iSCSI service: on ASA r2 the service comes and goes with its SVM",
		remedy:  `Use an SVM that has one; "vserver iscsi show" lists them.`,
	},
	ontap.CodeServiceEnabled: {
		reason:  v1alpha1.ReasonServiceEnabled,
		trouble: "keeps its iSCSI service: it was enabled again before it could be deleted",
		remedy:  `The operator disables it again; find out who enables it with "security audit log show".`,
		passes:  true,
	},
	ontap.CodeServiceNotFound: {
		reason:  v1alpha1.ReasonServiceNotFound,
		trouble: "lost its iSCSI service while it was being changed",
		remedy:  `The operator looks again; find out who deletes it with "security audit log show".`,
		passes:  true,
	},
	ontap.CodeMetricsUnavailable: {
		reason:  v1alpha1.ReasonMetricsUnavailable,
		trouble: "has no performance data on the array",
		remedy: `A new service has some after a moment; a timestamp must be that of a sample, as an ISCSIMetricsQuery of an interval ` +
			`lists them. The operator asks again.`,
		passes: true,
	},
	ontap.CodeMetricsFailed: {
		reason:  v1alpha1.ReasonMetricsFailed,
		trouble: "has performance data that the array failed to read",
		remedy:  `The operator asks again; if it lasts, look at "event log show" on the array.`,
		passes:  true,
	},
}
