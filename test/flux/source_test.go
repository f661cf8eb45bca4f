package flux

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// artifacts serves what source-controller would.
type artifacts struct {
	server *httptest.Server
	mu     sync.Mutex
	served map[string][]byte
}

func serveArtifacts() *artifacts {
	a := &artifacts{served: map[string][]byte{}}
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		content, ok := a.served[r.URL.Path]
		a.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content)
	}))
	return a
}

// repository is a GitRepository without Git: what is pushed is what it has.
type repository struct{ namespace, name string }

// newRepository makes a GitRepository that has nothing yet.
func newRepository(ctx SpecContext, namespace, name string) repository {
	GinkgoHelper()
	apply(ctx, fmt.Sprintf(`apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: %s, namespace: %s}
spec: {url: "https://git.example.com/%s.git", interval: 1h}`, name, namespace, name))
	return repository{namespace, name}
}

// push makes files, by their paths, the content of the repository, and returns its revision.
func (r repository) push(ctx SpecContext, files map[string]string) string {
	GinkgoHelper()
	content := archive(files)
	digest := fmt.Sprintf("%x", sha256.Sum256(content))
	file := path.Join("/gitrepository", r.namespace, r.name, digest+".tar.gz")
	sources.mu.Lock()
	sources.served[file] = content
	sources.mu.Unlock()
	revision := "main@sha1:" + digest[:40]
	status, err := json.Marshal(map[string]any{"status": map[string]any{"artifact": map[string]any{
		"url": sources.server.URL + file, "path": strings.TrimPrefix(file, "/"), "digest": "sha256:" + digest,
		"revision": revision, "lastUpdateTime": time.Now().UTC().Format(time.RFC3339), "size": len(content),
	}}})
	Expect(err).NotTo(HaveOccurred())
	kubectl(ctx, "-n", r.namespace, "patch", "gitrepository", r.name, "--subresource=status", "--type=merge", "-p", string(status))
	return revision
}

func archive(files map[string]string) []byte {
	GinkgoHelper()
	var content bytes.Buffer
	zipped := gzip.NewWriter(&content)
	packed := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		Expect(packed.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(files[name]))})).To(Succeed())
		_, err := packed.Write([]byte(files[name]))
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(packed.Close()).To(Succeed())
	Expect(zipped.Close()).To(Succeed())
	return content.Bytes()
}

// documented are the manifests of docs/gitops.md, by the paths in their first lines.
func documented() map[string]string {
	GinkgoHelper()
	page, err := os.ReadFile("../../docs/gitops.md")
	Expect(err).NotTo(HaveOccurred())
	files := map[string]string{}
	for _, block := range strings.Split(string(page), "```yaml\n# ")[1:] {
		name, content, _ := strings.Cut(block, "\n")
		files[name], _, _ = strings.Cut(content, "```")
	}
	return files
}
