package v1alpha1

// Condition types, in the sense of kstatus. Each condition that is absent does not apply.
const (
	// ConditionReady is there from the operator's first look at an object.
	//
	// True: the array is as the spec says, or has answered what it asks. Reasons: Enabled, Disabled, Observed, Connected,
	// Completed.
	//
	// False: it is not, and the array or the operator said why. Stalled or Reconciling stands beside it with the same
	// reason.
	//
	// Unknown: the array cannot be reached or does not let the operator in; the rest of the status is what was last
	// known. Reasons: ArrayUnreachable, CredentialsInvalid, PermissionDenied.
	ConditionReady = "Ready"

	// ConditionReconciling is True while work is under way, or trouble lasts that should pass by itself. It is not
	// written when a single pass does all the work.
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True when nothing will get better until a person changes the object, the ONTAPCluster or
	// the array. The operator looks again when it sees such a change, else every 10 minutes.
	ConditionStalled = "Stalled"

	// ConditionInUse is True while the service is to be disabled and initiators are logged in, or may be. The message
	// says how many sessions there are, and whose. The operator goes on when they end, or when spec.inUsePolicy becomes
	// Disconnect.
	ConditionInUse = "InUse"

	// ConditionPaused is True while the annotation san.ontap-operator.io/paused on the object, or on its ONTAPCluster,
	// keeps the operator from changing anything. Ready stays as it was.
	ConditionPaused = "Paused"

	// ConditionMetricsAvailable tells whether there is performance data. It never touches Ready.
	//
	// True, on an ISCSIService: status.metrics is the latest sample that was due. Reason: MetricsCurrent.
	//
	// False, on an ISCSIService: there is none. Reasons: MetricsNotSupported, MetricsThrottled, MetricsFailed,
	// NoMetrics.
	//
	// False, on an ONTAPCluster: no service of the array has any. Reasons: the first three. It is not there otherwise.
	ConditionMetricsAvailable = "MetricsAvailable"
)

// Reasons of MetricsAvailable.
const (
	// ReasonMetricsCurrent: there is a sample.
	ReasonMetricsCurrent = "MetricsCurrent"
	// ReasonMetricsNotSupported: the array runs an ONTAP before 9.7, which has no performance data of iSCSI services. It is
	// a reason of Stalled, too: of an ISCSIMetricsQuery, also for one timestamp before 9.14. The array is not asked.
	ReasonMetricsNotSupported = "MetricsNotSupported"
	// ReasonMetricsThrottled: the array asked for fewer requests when it was asked for performance data. It is left
	// alone with that for five minutes, or as long as it said.
	ReasonMetricsThrottled = "MetricsThrottled"
	// ReasonMetricsFailed: the array could not collect performance data (8585947, 8586225). It is asked again at the
	// next poll. An ISCSIMetricsQuery is Reconciling with this reason, and asks again with backoff: it is the array's own
	// trouble, and passes or shows in its event log.
	ReasonMetricsFailed = "MetricsFailed"
	// ReasonNoMetrics: the array has no sample of this service yet.
	ReasonNoMetrics = "NoMetrics"
)

// Reasons of Ready=True.
const (
	// ReasonEnabled: the service is there and enabled.
	ReasonEnabled = "Enabled"
	// ReasonDisabled: the service is there and disabled, as spec.enabled asks.
	ReasonDisabled = "Disabled"
	// ReasonObserved: the service is there, and spec.managementPolicy is Observe.
	ReasonObserved = "Observed"
	// ReasonStillUsed: the ONTAPCluster is being deleted, and stays while ISCSIServices use it.
	ReasonStillUsed = "StillUsed"
	// ReasonConnected: the array behind an ONTAPCluster answers, and lets the operator in.
	ReasonConnected = "Connected"
	// ReasonCompleted: the samples of an ISCSIMetricsQuery were read. The array is not asked again.
	ReasonCompleted = "Completed"
)

// Reasons of Stalled: a person has to do something. The message says what.
const (
	// ReasonLicenseMissing: the array has no iSCSI license (ONTAP code 1115127).
	ReasonLicenseMissing = "LicenseMissing"
	// ReasonProtocolNotAllowed: the SVM does not allow the iSCSI protocol (2621507).
	ReasonProtocolNotAllowed = "ProtocolNotAllowed"
	// ReasonNVMeConfigured: the SVM is configured for NVMe, which excludes iSCSI (5373966).
	ReasonNVMeConfigured = "NVMeConfigured"
	// ReasonSVMStopped: the SVM must run for its iSCSI service to be created (5374893).
	ReasonSVMStopped = "SVMStopped"
	// ReasonSVMNotFound: there is no such SVM on the array (2621462).
	ReasonSVMNotFound = "SVMNotFound"
	// ReasonSVMReplaced: the SVM that the object is bound to is gone, and its name is another SVM's now. Nothing is done
	// to that one.
	ReasonSVMReplaced = "SVMReplaced"
	// ReasonSVMMismatch: spec.svm.name and spec.svm.uuid are of two different SVMs (2621706).
	ReasonSVMMismatch = "SVMMismatch"
	// ReasonSVMChanged: spec.svm was changed after a create request had been sent for the SVM that it named before, and
	// the request took effect.
	ReasonSVMChanged = "SVMChanged"
	// ReasonInvalidSVM: the array did not take spec.svm for an SVM (2621707).
	ReasonInvalidSVM = "InvalidSVM"
	// ReasonUnsupportedPlatform: this array creates and deletes iSCSI services together with their SVM (5376452,
	// ASA r2).
	ReasonUnsupportedPlatform = "UnsupportedPlatform"
	// ReasonRejected: the array declined with a code that has no reason of its own. The message quotes it.
	ReasonRejected = "Rejected"
	// ReasonAccessDenied: no access rule of the ONTAPCluster lets the namespace use the SVM, or there is no such SVM.
	// The two read the same, so that no tenant learns of SVMs of others.
	ReasonAccessDenied = "AccessDenied"
	// ReasonManagementConflict: another ISCSIService has the service of this SVM, or is older. It keeps it until it is
	// deleted; then the oldest that waits takes the service over.
	ReasonManagementConflict = "ManagementConflict"
	// ReasonNothingToObserve: spec.managementPolicy is Observe, and the SVM has no iSCSI service.
	ReasonNothingToObserve = "NothingToObserve"
	// ReasonArrayChanged: another array answers at the endpoint than the one in the ONTAPCluster's status. Nothing is
	// written to it.
	ReasonArrayChanged = "ArrayChanged"
	// ReasonInvalidConfiguration: the ONTAPCluster's tls, an access rule or the Secret's certificate cannot be used.
	ReasonInvalidConfiguration = "InvalidConfiguration"
	// ReasonMetricsDisabled: spec.metrics.disabled of the ONTAPCluster keeps an ISCSIMetricsQuery from being answered.
	ReasonMetricsDisabled = "MetricsDisabled"
	// ReasonInvalidQuery: ONTAP's queries have no words for what an ISCSIMetricsQuery asks.
	ReasonInvalidQuery = "InvalidQuery"
)

// Reasons of Reconciling: it should pass by itself.
const (
	// ReasonCreatePending: the answer to a create request was lost. The operator waits until it is certain whether
	// the request took effect, rather than send a second one.
	ReasonCreatePending = "CreatePending"
	// ReasonHandingOver: the object is being deleted, and another ISCSIService that names the SVM takes the service over.
	// The object stays until the other one has recorded that; the service is not touched.
	ReasonHandingOver = "HandingOver"
	// ReasonPaused: an annotation keeps the operator from beginning, or from deleting. It is the reason of Paused too.
	ReasonPaused = "Paused"
	// ReasonInUse: initiators are logged in to a service that is to be disabled. It is the reason of InUse too.
	ReasonInUse = "InUse"
	// ReasonServiceExists: the array refused to create the service because there is one (5374077), but does not show
	// it.
	ReasonServiceExists = "ServiceExists"
	// ReasonServiceEnabled: the array refused to delete the service because it is enabled (5373960): another client enabled
	// it again after the operator disabled it.
	ReasonServiceEnabled = "ServiceEnabled"
	// ReasonServiceNotFound: the service vanished while it was being changed (5374078).
	ReasonServiceNotFound = "ServiceNotFound"
	// ReasonThrottled: the array asks for fewer requests (HTTP 429 or 503, codes 7 and 262160).
	ReasonThrottled = "Throttled"
	// ReasonBusy: the array is using the service for something else right now (code 8).
	ReasonBusy = "Busy"
	// ReasonArrayError: the array failed on its side (HTTP 5xx).
	ReasonArrayError = "ArrayError"
	// ReasonONTAPClusterNotFound: the ONTAPCluster does not exist. After two minutes it is Stalled.
	ReasonONTAPClusterNotFound = "ONTAPClusterNotFound"
	// ReasonONTAPClusterNotReady: the operator has not connected to the array yet.
	ReasonONTAPClusterNotReady = "ONTAPClusterNotReady"
	// ReasonISCSIServiceNotFound: there is no ISCSIService of that name in the namespace of the ISCSIMetricsQuery. After two
	// minutes it is Stalled.
	ReasonISCSIServiceNotFound = "ISCSIServiceNotFound"
	// ReasonISCSIServiceNotReady: the ISCSIService of an ISCSIMetricsQuery has no iSCSI service on the array yet, or no more.
	// It is Stalled while the ISCSIService is.
	ReasonISCSIServiceNotReady = "ISCSIServiceNotReady"
	// ReasonMetricsUnavailable: the array has no performance data for an ISCSIMetricsQuery (8585947). A new service has some
	// after a moment, so that it is asked again twice a minute; after two minutes it is Stalled, and asked every 10 minutes.
	ReasonMetricsUnavailable = "MetricsUnavailable"
	// ReasonSecretNotFound: the Secret of the ONTAPCluster does not exist. After two minutes it is Stalled.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretInvalid: the Secret has no usable credentials. After two minutes it is Stalled. With Ready=Unknown: the API
	// server does not give the Secret to the operator.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonEndpointNotAllowed: the Secret of the ONTAPCluster does not list spec.endpoint under its key endpoints, so that its
	// login is not sent there. After two minutes it is Stalled.
	ReasonEndpointNotAllowed = "EndpointNotAllowed"
)

// Reasons of Ready=Unknown.
const (
	// ReasonArrayUnreachable: the array does not answer, or what answers is not ONTAP.
	ReasonArrayUnreachable = "ArrayUnreachable"
	// ReasonCredentialsInvalid: the array does not accept the login (HTTP 401, code 6691623).
	ReasonCredentialsInvalid = "CredentialsInvalid"
	// ReasonPermissionDenied: the account's role does not allow the operation (HTTP 403, code 6).
	ReasonPermissionDenied = "PermissionDenied"
)

// Reasons of events that report what was done. Trouble is reported with the reason of the condition.
const (
	// EventCreated: the service was created on the array.
	EventCreated = "Created"
	// EventAdopted: an existing service was taken on.
	EventAdopted = "Adopted"
	// EventUpdated: the service was changed to follow the spec.
	EventUpdated = "Updated"
	// EventDriftCorrected: the service was changed back after another client of the array changed it.
	EventDriftCorrected = "DriftCorrected"
	// EventServiceLost: the service was deleted by another client of the array.
	EventServiceLost = "ServiceLost"
	// EventServiceDisabled: the service was disabled on the way to deleting it.
	EventServiceDisabled = "ServiceDisabled"
	// EventDeleted: the service was deleted with its object.
	EventDeleted = "Deleted"
	// EventReleased: the object lets go of its service, which stays on the array.
	EventReleased = "Released"
	// EventSuperseded: another ISCSIService has taken on the service that this object had, while this one could not use it.
	// The object does not own it any more.
	EventSuperseded = "Superseded"
	// EventInvalidAnnotation: an annotation of the operator's has more than 256 bytes, and counts as absent.
	EventInvalidAnnotation = "InvalidAnnotation"
)
