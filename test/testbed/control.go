package testbed

import "github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"

// What a suite says to the control API of the simulator, under the name of the package that starts it.
type (
	// Control is the control API of the simulator.
	Control = controlclient.Control
	// Request is one request to the array as the journal has it, with its answer.
	Request = controlclient.Request
	// Stage is where a barrier holds a request: before or after its change is applied.
	Stage = controlclient.Stage
	// Match says which requests a barrier or a fault is for.
	Match = controlclient.Match
	// Barrier holds requests until it is released.
	Barrier = controlclient.Barrier
	// Fault makes the array answer wrongly, late or not at all.
	Fault = controlclient.Fault
	// Spoil changes the records of an SVM, or all if it names none.
	Spoil = controlclient.Spoil
	// SVM is a storage virtual machine as its administrator sees it.
	SVM = controlclient.SVM
	// ISCSI says whether an SVM may serve iSCSI.
	ISCSI = controlclient.ISCSI
	// NVMe says whether an SVM has NVMe configured.
	NVMe = controlclient.NVMe
	// SVMService is the iSCSI service of an SVM.
	SVMService = controlclient.SVMService
	// Session is an initiator that is logged in.
	Session = controlclient.Session
	// Account is a login of the array as its administrator sees it.
	Account = controlclient.Account
	// ClientCertificate is a certificate to log in with, and its key, in PEM.
	ClientCertificate = controlclient.ClientCertificate
)

// The stages of a request.
const (
	Before = controlclient.Before
	After  = controlclient.After
)
