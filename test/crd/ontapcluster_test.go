package crd

import (
	"strings"
	"testing"
)

const (
	badEndpoint     = "endpoint is https://HOST or https://HOST:PORT, without path, query or user"
	badPollInterval = "pollInterval is from 1s to 24h, written as in 30s, 5m or 1h30m"
	badPin          = "pinnedSHA256 is 64 hexadecimal digits, with or without colons"
	badGlob         = "an SVM name or glob has letters, digits, '.', '_', '-', '*' and '?' only"
	badNamespace    = "a namespace name has lower-case letters, digits and '-' only; a selector selects many"
	noVerification  = "spec.tls.insecureSkipVerify: Forbidden: it verifies nothing: remove it, or remove ca and pinnedSHA256"
	noNamespaces    = "spec.access[0].namespaces: Required value: namespaces needs names or a selector; an empty selector {} selects every namespace"
)

// at is the spec of an array at an endpoint.
func at(endpoint string) string {
	return `{endpoint: "` + endpoint + `", credentialsSecretRef: {name: login}}`
}

// with is the spec of an array that has further fields.
func with(fields string) string {
	return `{endpoint: "https://ontap.example.com", credentialsSecretRef: {name: login}, ` + fields + `}`
}

func TestONTAPCluster(t *testing.T) {
	var (
		digits   = strings.Repeat("0aF9", 16)
		colons   = strings.Repeat("0a:F9:", 16)[:95]
		badColon = strings.Repeat("0:aF", 16)
	)
	tryAll(t, "ONTAPCluster", []apply{
		{name: "an array can be a host", spec: at("https://ontap.example.com")},
		{name: "an array can be a host and a port", spec: at("https://ontap.example.com:8443")},
		{name: "an array can be an IPv4 address", spec: at("https://192.0.2.7")},
		{name: "an array can be an IPv6 address", spec: at("https://[2001:db8::7]")},
		{name: "an array can be an IPv6 address and a port", spec: at("https://[2001:db8::7]:8443")},
		{name: "an array's address may end in a slash, as browsers copy it", spec: at("https://ontap.example.com/")},
		{name: "an array can move", was: at("https://old.example.com"), spec: at("https://new.example.com")},
		{name: "an array has an address", spec: `{credentialsSecretRef: {name: login}}`, refused: "spec.endpoint: Required value"},
		{name: "credentials do not travel in clear text", spec: at("http://ontap.example.com"), refused: `spec.endpoint: Invalid value: "http://ontap.example.com": ` + badEndpoint},
		{name: "a port is one that there is", spec: at("https://ontap.example.com:65536"), refused: `spec.endpoint: Invalid value: "https://ontap.example.com:65536": a port is a number from 1 to 65535`},
		{name: "no port is 0", spec: at("https://[2001:db8::1]:0"), refused: `spec.endpoint: Invalid value: "https://[2001:db8::1]:0": a port is a number from 1 to 65535`},
		{name: "the last port is one", spec: at("https://ontap.example.com:65535")},
		{name: "an address says https", spec: at("ontap.example.com"), refused: `spec.endpoint: Invalid value: "ontap.example.com": ` + badEndpoint},
		{name: "an address has a host", spec: at("https://:8443"), refused: badEndpoint},
		{name: "an address has no path", spec: at("https://ontap.example.com/api"), refused: badEndpoint},
		{name: "an address has no query", spec: at("https://ontap.example.com?a=b"), refused: badEndpoint},
		{name: "an address has no fragment", spec: at("https://ontap.example.com#a"), refused: badEndpoint},
		{name: "an address has no user", spec: at("https://admin:secret@ontap.example.com"), refused: badEndpoint},
		{name: "an address has a port of digits", spec: at("https://ontap.example.com:https"), refused: badEndpoint},
		{name: "an IPv6 address has its brackets", spec: at("https://2001:db8::7"), refused: badEndpoint},

		{name: "an array has an account", spec: `{endpoint: "https://ontap.example.com"}`, refused: "spec.credentialsSecretRef: Required value"},
		{name: "the Secret of the account has a name", spec: `{endpoint: "https://ontap.example.com", credentialsSecretRef: {}}`, refused: "spec.credentialsSecretRef.name: Required value"},
		{name: "the name of the Secret is not empty", spec: `{endpoint: "https://ontap.example.com", credentialsSecretRef: {name: ""}}`, refused: "spec.credentialsSecretRef.name in body should be at least 1 chars long"},
		{name: "the Secret is in no namespace but the operator's", spec: `{endpoint: "https://ontap.example.com", credentialsSecretRef: {name: login, namespace: team-a}}`, refused: `unknown field "spec.credentialsSecretRef.namespace"`},

		{name: "a certificate can be verified by CA, name and pin together", spec: with(`tls: {ca: PEM, serverName: ontap, pinnedSHA256: "` + digits + `"}`)},
		{name: "not skipping the verification goes with a CA", spec: with(`tls: {ca: PEM, insecureSkipVerify: false}`)},
		{name: "skipping the verification can be asked for", spec: with(`tls: {insecureSkipVerify: true, serverName: ontap}`)},
		{name: "skipping the verification makes a CA void", spec: with(`tls: {ca: PEM, insecureSkipVerify: true}`), refused: noVerification},
		{name: "skipping the verification makes a pin void", spec: with(`tls: {pinnedSHA256: "` + digits + `", insecureSkipVerify: true}`), refused: noVerification},
		{name: "a CA is not empty", spec: with(`tls: {ca: ""}`), refused: "spec.tls.ca in body should be at least 1 chars long"},
		{name: "a pin may have colons, as openssl prints it", spec: with(`tls: {pinnedSHA256: "` + colons + `"}`)},
		{name: "a pin does not end in a colon", spec: with(`tls: {pinnedSHA256: "` + digits + `:"}`), refused: badPin},
		{name: "a pin has its colons between bytes", spec: with(`tls: {pinnedSHA256: "` + badColon + `"}`), refused: badPin},
		{name: "a pin has all its digits", spec: with(`tls: {pinnedSHA256: "` + digits[1:] + `"}`), refused: badPin},
		{name: "a pin has hexadecimal digits", spec: with(`tls: {pinnedSHA256: "` + strings.Repeat("g", 64) + `"}`), refused: badPin},
		{name: "a pin does not name its algorithm", spec: with(`tls: {pinnedSHA256: "sha256:` + digits + `"}`), refused: badPin},

		{name: "an array can be polled every 30 seconds", spec: with(`pollInterval: 30s`)},
		{name: "an array can be polled every second", spec: with(`pollInterval: 1s`)},
		{name: "an array can be polled once a day", spec: with(`pollInterval: 24h`)},
		{name: "a poll interval may have several units and decimals", spec: with(`pollInterval: 1h2.5m`)},
		{name: "a poll interval of 500ms is too short", spec: with(`pollInterval: 500ms`), refused: `spec.pollInterval: Invalid value: "500ms": ` + badPollInterval},
		{name: "a poll interval of 25h is too long", spec: with(`pollInterval: 25h`), refused: `spec.pollInterval: Invalid value: "25h": ` + badPollInterval},
		{name: "a poll interval is not negative", spec: with(`pollInterval: -30s`), refused: badPollInterval},
		{name: "a poll interval is a duration", spec: with(`pollInterval: soon`), refused: `spec.pollInterval: Invalid value: "soon": ` + badPollInterval},
		{name: "a poll interval has a unit", spec: with(`pollInterval: "60"`), refused: badPollInterval},
		{name: "a poll interval is not a number", spec: with(`pollInterval: 60`), refused: "spec.pollInterval in body must be of type string"},
		// The API server's own duration format has these, but Go has not: an operator could list no ONTAPCluster at all.
		{name: "a poll interval is not in days, which Go does not read", spec: with(`pollInterval: 1d`), refused: badPollInterval},
		{name: "a poll interval is not in ISO 8601, which Go does not read", spec: with(`pollInterval: PT30S`), refused: badPollInterval},

		{name: "access can be by names, labels and globs", spec: with(`access: [{namespaces: {names: [team-a, t2], selector: {matchLabels: {tier: gold}}}, svms: [orders, "team-?_*.x"]}]`)},
		{name: "access can be for every namespace and SVM", spec: with(`access: [{namespaces: {selector: {}}, svms: ["*"]}]`)},
		{name: "access is for some SVMs", spec: with(`access: [{namespaces: {names: [team-a]}}]`), refused: "spec.access[0].svms: Required value"},
		{name: "access is for one SVM at least", spec: with(`access: [{namespaces: {names: [team-a]}, svms: []}]`), refused: "spec.access[0].svms in body should have at least 1 items"},
		{name: "access is for some namespaces", spec: with(`access: [{svms: [orders]}]`), refused: "spec.access[0].namespaces: Required value"},
		{name: "access is not for every namespace by omission", spec: with(`access: [{namespaces: {}, svms: [orders]}]`), refused: noNamespaces},
		{name: "access is for one namespace at least", spec: with(`access: [{namespaces: {names: []}, svms: [orders]}]`), refused: "spec.access[0].namespaces.names in body should have at least 1 items"},
		{name: "a glob has no character classes", spec: with(`access: [{namespaces: {selector: {}}, svms: [orders, "team-[ab]"]}]`), refused: `spec.access[0].svms[1]: Invalid value: "team-[ab]": ` + badGlob},
		{name: "a glob has no slash", spec: with(`access: [{namespaces: {selector: {}}, svms: ["team/*"]}]`), refused: `spec.access[0].svms[0]: Invalid value: "team/*": ` + badGlob},
		{name: "a glob is not empty", spec: with(`access: [{namespaces: {selector: {}}, svms: [""]}]`), refused: `spec.access[0].svms[0]: Invalid value: "": ` + badGlob},
		{name: "an SVM is listed once", spec: with(`access: [{namespaces: {selector: {}}, svms: [a, a]}]`), refused: `spec.access[0].svms[1]: Duplicate value: "a"`},
		{name: "a namespace name is no glob, which would match nothing", spec: with(`access: [{namespaces: {names: ["*"]}, svms: [orders]}]`), refused: `spec.access[0].namespaces.names[0]: Invalid value: "*": ` + badNamespace},
		{name: "a namespace name is lower case", spec: with(`access: [{namespaces: {names: [Team-A]}, svms: [orders]}]`), refused: `spec.access[0].namespaces.names[0]: Invalid value: "Team-A": ` + badNamespace},
		{name: "a misspelt field is not ignored", spec: with(`acces: []`), refused: `unknown field "spec.acces"`},
	})
}
