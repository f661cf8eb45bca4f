package ontaperror

import "net/http"

// Codes of the iSCSI service's own error tables ("Create an iSCSI service", "Delete an iSCSI service", "Retrieve an
// iSCSI service", "Update an iSCSI service" and the two metrics sections).
const (
	NoISCSILicense      = 1115127
	SVMDoesNotExist     = 2621462
	ISCSINotAllowed     = 2621507
	SVMMismatch         = 2621706
	NoSVMSpecified      = 2621707
	ServiceEnabled      = 5373960
	NVMeConfigured      = 5373966
	ServiceExists       = 5374077
	NoService           = 5374078
	SVMStopped          = 5374893
	UnsupportedOnASAr2  = 5376452
	NoMetrics           = 8585947
	MetricsNotRetrieved = 8586225
)

// Codes that any ONTAP endpoint may answer with.
const (
	InvalidInput       = 2
	NoSuchAPI          = 3
	NoSuchEntry        = 4
	NotAuthorized      = 6
	UnexpectedArgument = 262179
	InvalidTogether    = 262186
	FieldCannotBeSet   = 262196
	InvalidValue       = 262197
	UnexpectedBody     = 262198
	BadJSON            = 262199
	NotInPatch         = 262203
	ValueMissing       = 262212
	BadOrderBy         = 262268
	DuplicateProperty  = 262282
	LoginFailed        = 6691623
)

var messages = map[int]string{
	NoISCSILicense:      "The cluster lacks a valid iSCSI license.",
	SVMDoesNotExist:     "The specified SVM does not exist.",
	ISCSINotAllowed:     "The iSCSI protocol is not allowed for the specified SVM.",
	SVMMismatch:         `The specified "svm.uuid" and "svm.name" do not refer to the same SVM.`,
	NoSVMSpecified:      `No SVM was specified. Either "svm.name" or "svm.uuid" must be supplied.`,
	ServiceEnabled:      "The iSCSI service is enabled. The iSCSI service must be disabled before it can be deleted.",
	NVMeConfigured:      "An iSCSI service cannot be created in an SVM that is configured for NVMe.",
	ServiceExists:       "An iSCSI service already exists for the specified SVM.",
	NoService:           "The SVM does not have an iSCSI service.",
	SVMStopped:          "The SVM is stopped. The SVM must be running to create an iSCSI service.",
	UnsupportedOnASAr2:  "Service POST and DELETE are not supported on ASA r2.",
	NoMetrics:           "No metrics are available for the requested object.",
	MetricsNotRetrieved: "An unexpected error occurred retrieving metrics for the requested object.",

	NoSuchAPI:      "API not found",
	NoSuchEntry:    "entry doesn't exist",
	NotAuthorized:  "not authorized for that command",
	UnexpectedBody: "A body was given where none belongs.",
	BadJSON:        "Invalid JSON input.",
	LoginFailed:    "User is not authorized.",
}

// defaultStatus is what the iSCSI codes travel with unless listed: their status is documented nowhere, and the most
// that can be inferred is "404 for what is absent, 409 for what is in the way, 400 for the rest".
const defaultStatus = http.StatusBadRequest

var statuses = map[int]int{
	SVMDoesNotExist: http.StatusNotFound,
	NoService:       http.StatusNotFound,
	NoMetrics:       http.StatusNotFound,
	ServiceExists:   http.StatusConflict,
	ServiceEnabled:  http.StatusConflict,

	MetricsNotRetrieved: http.StatusInternalServerError,

	NoSuchAPI:     http.StatusNotFound,
	NoSuchEntry:   http.StatusNotFound,
	NotAuthorized: http.StatusForbidden,
	LoginFailed:   http.StatusUnauthorized,
}
