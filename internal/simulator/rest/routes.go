package rest

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// Paths of the resources.
const (
	clusterPath  = "/api/cluster"
	svmsPath     = "/api/svm/svms"
	servicesPath = "/api/protocols/san/iscsi/services"
	sessionsPath = "/api/protocols/san/iscsi/sessions"
	jobsPath     = "/api/cluster/jobs"
)

// route is a path with its operations. "*" in the pattern stands for one variable part.
type route struct {
	pattern string
	// generation.major of the ONTAP version that introduced it.
	since      [2]int
	operations map[string]operation
}

// operation is what a method does on a path.
type operation struct {
	params paramSet
	body   bool // takes one
	handle func(*call) (Response, error)
}

func routes() []route {
	return []route{
		{servicesPath, [2]int{9, 6}, map[string]operation{
			http.MethodGet:    {params: collectionParams, handle: (*call).listServices},
			http.MethodPost:   {params: createParams, body: true, handle: (*call).createService},
			http.MethodPatch:  {params: collectionWriteParams, body: true, handle: (*call).updateServices},
			http.MethodDelete: {params: collectionWriteParams, body: true, handle: (*call).deleteServices},
		}},
		{servicesPath + "/*", [2]int{9, 6}, map[string]operation{
			http.MethodGet:    {params: instanceParams, handle: (*call).getService},
			http.MethodPatch:  {params: writeParams, body: true, handle: (*call).updateService},
			http.MethodDelete: {params: writeParams, handle: (*call).deleteService},
		}},
		{servicesPath + "/*/metrics", [2]int{9, 7}, map[string]operation{
			http.MethodGet: {params: historyParams, handle: (*call).listMetrics},
		}},
		{servicesPath + "/*/metrics/*", [2]int{9, 14}, map[string]operation{
			http.MethodGet: {params: instanceParams, handle: (*call).getMetric},
		}},
		{sessionsPath, [2]int{9, 6}, map[string]operation{
			http.MethodGet: {params: collectionParams, handle: (*call).listSessions},
		}},
		{sessionsPath + "/*/*/*", [2]int{9, 6}, map[string]operation{
			http.MethodGet: {params: instanceParams, handle: (*call).getSession},
		}},
		{svmsPath, [2]int{9, 6}, map[string]operation{
			http.MethodGet: {params: collectionParams, handle: (*call).listSVMs},
		}},
		{svmsPath + "/*", [2]int{9, 6}, map[string]operation{
			http.MethodGet: {params: instanceParams, handle: (*call).getSVM},
		}},
		{clusterPath, [2]int{9, 6}, map[string]operation{
			http.MethodGet: {params: instanceParams, handle: (*call).getCluster},
		}},
		{jobsPath + "/*", [2]int{9, 6}, map[string]operation{
			http.MethodGet: {params: instanceParams, handle: (*call).getJob},
		}},
	}
}

// route finds the operation, and what stands for the variable parts of its path.
func (c *call) route() (operation, error) {
	for _, route := range c.routes {
		variables, matched := match(route.pattern, strings.TrimSuffix(c.Path, "/"))
		if !matched || !c.version.AtLeast(route.since[0], route.since[1]) {
			continue
		}
		if c.Method == http.MethodOptions {
			return operation{params: instanceParams, handle: route.allow}, nil
		}
		if operation, ok := route.operations[c.effectiveMethod()]; ok {
			c.path = variables
			return operation, nil
		}
		unsupported := ontaperror.Newf(ontaperror.NoSuchAPI, "", "%s is not supported on %s", c.Method, c.Path)
		unsupported.Status = http.StatusMethodNotAllowed
		return operation{}, unsupported
	}
	return operation{}, ontaperror.New(ontaperror.NoSuchAPI)
}

// effectiveMethod is the method without the difference between GET and HEAD, which gets the same without the body.
func (c *call) effectiveMethod() string {
	if c.Method == http.MethodHead {
		return http.MethodGet
	}
	return c.Method
}

// allow answers OPTIONS: which methods there are.
func (r route) allow(*call) (Response, error) {
	response := done(http.StatusOK)
	methods := append(slices.Sorted(maps.Keys(r.operations)), http.MethodHead, http.MethodOptions)
	response.Header = http.Header{"Allow": {strings.Join(methods, ", ")}}
	return response, nil
}

func match(pattern, path string) ([]string, bool) {
	wanted, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(wanted) != len(given) {
		return nil, false
	}
	var variables []string
	for i, part := range wanted {
		switch part {
		case "*":
			variables = append(variables, given[i])
		case given[i]:
		default:
			return nil, false
		}
	}
	return variables, true
}
