package transcripts

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/itchyny/gojq"
)

// programs are what the pages use beside the project's own programs and kubectl. The test's own binary is linked under
// these names, so that a machine with nothing but Go, make and git can run the pages.
var programs = map[string]func() int{
	"curl": func() int { return curl(os.Args[1:], os.Stdout, os.Stderr) },
	"jq":   func() int { return jq(os.Args[1:], os.Stdin, os.Stdout, os.Stderr) },
}

// What curl exits with.
const (
	badUsage      = 2
	cannotConnect = 7
	noAnswer      = 52
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ", ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

// curl does what curl does with the few options that the pages use, and refuses the others.
func curl(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("curl", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var headers list
	flags.Var(&headers, "H", "a header")
	silent := flags.Bool("s", false, "say nothing of errors")
	flags.BoolVar(silent, "silent", false, "as -s")
	method := flags.String("X", "", "the method")
	data := flags.String("d", "", "the body")
	showHead := flags.Bool("i", false, "print the head of the answer, too")
	authority := flags.String("cacert", "", "a file with the CA")
	user := flags.String("user", "", "name:password")
	// Unlike curl, flag stops at the first argument that is not an option.
	var address string
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return badUsage
		}
		if args = flags.Args(); len(args) > 0 {
			address, args = args[0], args[1:]
		}
	}
	if *method == "" && *data != "" {
		*method = http.MethodPost
	}
	request, err := http.NewRequest(*method, address, strings.NewReader(*data))
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "curl:", err)
		return badUsage
	}
	request.Header.Set("Accept", "*/*")
	request.Header.Set("User-Agent", "curl")
	if *data != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Set(name, strings.TrimSpace(value))
	}
	if name, password, is := strings.Cut(*user, ":"); is {
		request.SetBasicAuth(name, password)
	}
	if *silent {
		stderr = io.Discard
	}
	connection, err := dial(request.URL, *authority)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "curl: (%d) %v\n", cannotConnect, err)
		return cannotConnect
	}
	defer func() { _ = connection.Close() }()
	if err := exchange(connection, request, *showHead, stdout); err != nil {
		_, _ = fmt.Fprintf(stderr, "curl: (%d) %v\n", noAnswer, err)
		return noAnswer
	}
	return 0
}

func dial(to *url.URL, authority string) (net.Conn, error) {
	if to.Scheme == "http" {
		return net.Dial("tcp", to.Host)
	}
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(authority)
	if err == nil && !roots.AppendCertsFromPEM(pem) {
		err = errors.New("no certificate in " + authority)
	}
	if err != nil {
		return nil, err
	}
	return tls.Dial("tcp", to.Host, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
}

// exchange sends a request and prints the answer, with its head just as it came if that is wanted.
func exchange(connection io.ReadWriter, request *http.Request, showHead bool, stdout io.Writer) error {
	if err := request.Write(connection); err != nil {
		return err
	}
	var raw bytes.Buffer
	answer, err := http.ReadResponse(bufio.NewReader(io.TeeReader(connection, &raw)), request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if head, _, _ := bytes.Cut(raw.Bytes(), []byte("\r\n\r\n")); showHead {
		if _, err := fmt.Fprintf(stdout, "%s\r\n\r\n", head); err != nil {
			return err
		}
	}
	_, err = io.Copy(stdout, answer.Body)
	return err
}

// jq does what jq does with a filter, or with none. The members of an object come in the order of their names.
func jq(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("jq", flag.ContinueOnError)
	flags.SetOutput(stderr)
	compact := flags.Bool("c", false, "a value on a line")
	if err := flags.Parse(args); err != nil {
		return badUsage
	}
	query, err := gojq.Parse(cmp.Or(flags.Arg(0), "."))
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "jq:", err)
		return badUsage
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	if !*compact {
		encoder.SetIndent("", "  ")
	}
	decoder := json.NewDecoder(stdin)
	for {
		var input any
		err := decoder.Decode(&input)
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err == nil {
			err = printResults(encoder, query.Run(input))
		}
		if err != nil {
			_, _ = fmt.Fprintln(stderr, "jq:", err)
			return badUsage
		}
	}
}

// printResults prints what a filter makes of one input, up to its first error.
func printResults(encoder *json.Encoder, results gojq.Iter) error {
	for {
		result, more := results.Next()
		if !more {
			return nil
		}
		if err, is := result.(error); is {
			return err
		}
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
}
