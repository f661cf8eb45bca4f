package traffic

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/rest"
)

// htmlPage is what a proxy in between would say.
const htmlPage = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n"

// defaultPause is between the pieces of an answer that trickles.
const defaultPause = Duration(100 * time.Millisecond)

// deliver sends an answer, spoilt the way the fault says.
func (f *Fault) deliver(w http.ResponseWriter, x *exchange, response rest.Response) {
	response.Body = f.edit(response.Body)
	if f.RepeatPage {
		response.Body = repeatPage(response.Body, x)
	}
	switch f.Body {
	case html:
		response.Header = maps.Clone(response.Header)
		response.Header.Set("Content-Type", "text/html")
		response.Body = []byte(htmlPage)
	case empty:
		response.Body = nil
	case cut:
		response.Body = response.Body[:len(response.Body)/2]
	}
	if f.Body == trickle || f.Headers == trickle {
		f.trickle(w, response)
		return
	}
	maps.Copy(w.Header(), response.Header)
	w.Header().Set("Content-Length", strconv.Itoa(len(response.Body)))
	w.WriteHeader(response.Status)
	if f.Body == truncated {
		_, _ = w.Write(response.Body[:len(response.Body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // the server's way to drop a connection
	}
	_, _ = w.Write(response.Body)
}

// trickle sends headers, body or both byte by byte, past the server's own buffering. It ends when the client does.
func (f *Fault) trickle(w http.ResponseWriter, response rest.Response) {
	conn := hijack(w)
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	pause := f.Pause
	if pause == 0 {
		pause = defaultPause
	}
	slowly := func(data []byte) bool {
		for i := range data {
			if _, err := conn.Write(data[i : i+1]); err != nil {
				return false
			}
			time.Sleep(time.Duration(pause))
		}
		return true
	}
	atOnce := func(data []byte) bool {
		_, err := conn.Write(data)
		return err == nil
	}
	send := map[bool]func([]byte) bool{true: slowly, false: atOnce}
	if send[f.Headers == trickle](head(response)) {
		send[f.Body == trickle](response.Body)
	}
}

// head is an answer's status line and headers.
func head(response rest.Response) []byte {
	raw := http.Response{
		StatusCode: response.Status, ProtoMajor: 1, ProtoMinor: 1, Header: response.Header, Close: true,
		ContentLength: int64(len(response.Body)), Body: io.NopCloser(bytes.NewReader(response.Body)),
	}
	var buffer bytes.Buffer
	_ = raw.Write(&buffer) // a buffer takes everything
	return buffer.Bytes()[:buffer.Len()-len(response.Body)]
}

// reset drops the connection the hard way: the client sees "connection reset by peer".
func reset(w http.ResponseWriter) {
	conn := hijack(w)
	if conn == nil {
		return
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil // the client has gone
	}
	return conn
}

// repeatPage makes a page's next link lead to the page itself.
func repeatPage(body []byte, x *exchange) []byte {
	var page map[string]any
	if json.Unmarshal(body, &page) != nil {
		return body
	}
	links, _ := page["_links"].(map[string]any)
	if links == nil {
		links = map[string]any{}
	}
	self := url.URL{Path: x.request.Path, RawQuery: x.request.Query}
	links["next"] = map[string]string{"href": self.String()}
	page["_links"] = links
	repeated, err := json.Marshal(page)
	if err != nil {
		return body
	}
	return repeated
}
