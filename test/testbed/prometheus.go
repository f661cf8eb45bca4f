package testbed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Prometheus is a Prometheus server.
type Prometheus struct {
	*Process

	// URL is the address of its API.
	URL string
}

// StartPrometheus starts a Prometheus with a configuration, a YAML document, and returns when it serves. Relative
// paths in it start from the Bed's directory.
func (b *Bed) StartPrometheus(ctx context.Context, config string) (*Prometheus, error) {
	program, err := b.prometheusProgram("prometheus")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.Dir, "prometheus.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + port
	p, err := b.run("prometheus", program,
		"--config.file", file, "--storage.tsdb.path", filepath.Join(b.Dir, "tsdb"), "--web.listen-address", address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.await(ctx, answers(http.DefaultClient, "http://"+address+"/-/ready")); err != nil {
		return nil, err
	}
	return &Prometheus{Process: p, URL: "http://" + address}, nil
}

// Sample is one element of what a query returns.
type Sample struct {
	Metric map[string]string `json:"metric"`
	// Value is a time, and the value as a string.
	Value [2]any `json:"value"`
}

// Query evaluates an expression now.
func (p *Prometheus) Query(ctx context.Context, expression string) ([]Sample, error) {
	var data struct {
		Result []Sample `json:"result"`
	}
	err := p.Get(ctx, "/api/v1/query?query="+url.QueryEscape(expression), &data)
	return data.Result, err
}

// Get calls the API and reads the data of its answer into data.
func (p *Prometheus) Get(ctx context.Context, path string, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("prometheus: %s: %s: %w", path, response.Status, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("prometheus: %s: %s", path, answer.Error)
	}
	return json.Unmarshal(answer.Data, data)
}

// Promtool runs promtool in a directory and returns what it prints.
func (b *Bed) Promtool(ctx context.Context, dir, stdin string, args ...string) (string, error) {
	program, err := b.prometheusProgram("promtool")
	if err != nil {
		return "", err
	}
	return output(ctx, dir, stdin, program, args...)
}

func (b *Bed) prometheusProgram(name string) (string, error) {
	return executable(b.Path("bin", "prometheus"), name, "make prometheus")
}

// FreeAddress is an address on loopback that nobody listens on.
func FreeAddress() (string, error) {
	port, err := freePort()
	return "127.0.0.1:" + port, err
}

// output runs a program to its end and returns what it prints.
func output(ctx context.Context, dir, stdin, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := Start(cmd); err != nil {
		return "", err
	}
	err := cmd.Wait()
	return printed.String(), err
}
