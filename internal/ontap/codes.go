package ontap

import "strconv"

// Code is the number by which ONTAP names an error. Codes, unlike HTTP statuses, are documented per operation: branch on them. A
// Code is itself an error, so that errors.Is(err, ontap.CodeServiceExists) asks whether that is what the array said.
type Code int

// Codes of the operations on iSCSI services ("ONTAP Error Response Codes" of each).
const (
	CodeLicenseMissing      Code = 1115127 // the cluster lacks a valid iSCSI license
	CodeSVMNotFound         Code = 2621462 // the SVM doesn't exist
	CodeProtocolNotAllowed  Code = 2621507 // iSCSI is not allowed for the SVM
	CodeSVMMismatch         Code = 2621706 // svm.uuid and svm.name are not the same SVM's
	CodeSVMRequired         Code = 2621707 // neither svm.name nor svm.uuid was given
	CodeServiceEnabled      Code = 5373960 // the service must be disabled before it can be deleted
	CodeNVMeConfigured      Code = 5373966 // the SVM is configured for NVMe
	CodeServiceExists       Code = 5374077 // the SVM already has an iSCSI service
	CodeServiceNotFound     Code = 5374078 // the SVM has no iSCSI service
	CodeSVMStopped          Code = 5374893 // the SVM must be running to create a service
	CodeUnsupportedPlatform Code = 5376452 // POST and DELETE are not supported on ASA r2
	CodeMetricsUnavailable  Code = 8585947 // no metrics are available for the object
	CodeMetricsFailed       Code = 8586225 // an unexpected error occurred retrieving metrics
)

// Codes that any operation may answer with.
const (
	CodeNotSupported     Code = 3       // no such API, or not supported
	CodeEntryNotFound    Code = 4       // the entry doesn't exist
	CodeNotAuthorized    Code = 6       // the account may not do that
	CodeTooManyRequests  Code = 7       // too many requests
	CodeInUse            Code = 8       // the object is in use
	CodeOverloaded       Code = 262160  // too many requests
	CodeUnauthorizedUser Code = 6691623 // the user is not authorized
)

// Codes of which it matters only that nothing was done.
const (
	codeDuplicate          Code = 1      // the entry exists already
	codeInvalidField       Code = 2      // a field is invalid, missing or extra
	codeUnexpectedArgument Code = 262179 // a query parameter or body field is unknown
	codeFieldConflict      Code = 262186 // a field is invalid together with another
	codeFieldNotSettable   Code = 262196 // a field can't be set
	codeInvalidValue       Code = 262197 // a value is invalid for its field
	codeUnexpectedBody     Code = 262198 // a body where none belongs
	codeInvalidJSON        Code = 262199 // the body is not JSON
	codeFieldNotInPatch    Code = 262203 // a field can't be set by PATCH
	codeValueRequired      Code = 262212 // a required value is missing
	codeInvalidOrderBy     Code = 262268 // order_by names an unknown field
	codeDuplicateProperty  Code = 262282 // a property is given twice
)

// Error makes a Code a target for errors.Is.
func (c Code) Error() string { return "ONTAP error " + strconv.Itoa(int(c)) }

// refusal reports whether the code means that nothing was done, whatever the HTTP status: which status goes with which code is not
// documented.
func (c Code) refusal() bool {
	switch c {
	case CodeLicenseMissing, CodeSVMNotFound, CodeProtocolNotAllowed, CodeSVMMismatch, CodeSVMRequired, CodeServiceEnabled,
		CodeNVMeConfigured, CodeServiceExists, CodeServiceNotFound, CodeSVMStopped, CodeUnsupportedPlatform,
		codeDuplicate, codeInvalidField, CodeNotSupported, CodeEntryNotFound, CodeNotAuthorized, CodeTooManyRequests, CodeInUse,
		CodeOverloaded, codeUnexpectedArgument, codeFieldConflict, codeFieldNotSettable, codeInvalidValue, codeUnexpectedBody,
		codeInvalidJSON, codeFieldNotInPatch, codeValueRequired, codeInvalidOrderBy, codeDuplicateProperty, CodeUnauthorizedUser:
		return true
	}
	return false
}
