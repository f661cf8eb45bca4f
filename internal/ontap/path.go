package ontap

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// apiPath joins segments, each escaped, below /api.
func apiPath(segments ...string) string {
	var b strings.Builder
	_, _ = b.WriteString("/api")
	for _, segment := range segments {
		_, _ = b.WriteString("/" + url.PathEscape(segment))
	}
	return b.String()
}

// servicePath is the path of the service of one SVM, or of something below it. Only a plain UUID gets into it. An empty one would
// address the collection, on which PATCH and DELETE exist too; dots would address something else altogether; and ONTAP reads query
// operators in paths, where an asterisk means every service.
func servicePath(svmUUID string, below ...string) (string, error) {
	if !plainUUID(svmUUID) {
		return "", fmt.Errorf("%.40q is not the UUID of an SVM", svmUUID)
	}
	return apiPath(append([]string{"protocols", "san", "iscsi", "services", svmUUID}, below...)...), nil
}

// plainUUID accepts the one form that ONTAP uses: 36 characters, without urn:, braces or other decoration.
func plainUUID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
