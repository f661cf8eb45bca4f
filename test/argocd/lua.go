// Package argocd runs the scripts of config/argocd as Argo CD does: in Lua with the table and base libraries, an os that
// tells the time, and nothing else, within a second.
package argocd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// patience is how long Argo CD lets a script run.
const patience = time.Second

// Customizations are the scripts below a folder that has a folder for each API group, and in that one for each kind.
type Customizations struct{ Dir string }

// Health is what a script makes of an object.
type Health struct{ Status, Message string }

// Action says whether a person can choose an action.
type Action struct{ Disabled bool }

// Health runs health.lua of the object's kind.
func (c Customizations) Health(obj *unstructured.Unstructured) (Health, error) {
	result, err := c.run(obj, "health.lua")
	if err != nil {
		return Health{}, err
	}
	var health Health
	var ok bool
	if health.Status, ok = result["status"].(string); !ok {
		return Health{}, fmt.Errorf("no status in %v", result)
	}
	if health.Message, ok = result["message"].(string); !ok {
		return Health{}, fmt.Errorf("no message in %v", result)
	}
	return health, nil
}

// Actions runs actions/discovery.lua of the object's kind.
func (c Customizations) Actions(obj *unstructured.Unstructured) (map[string]Action, error) {
	result, err := c.run(obj, "actions/discovery.lua")
	if err != nil {
		return nil, err
	}
	actions := map[string]Action{}
	for name, properties := range result {
		disabled, _, err := unstructured.NestedBool(map[string]any{name: properties}, name, "disabled")
		if err != nil {
			return nil, err
		}
		actions[name] = Action{Disabled: disabled}
	}
	return actions, nil
}

// Act runs an action of the object's kind, and returns the object that Argo CD would patch the live one to.
func (c Customizations) Act(obj *unstructured.Unstructured, action string) (*unstructured.Unstructured, error) {
	result, err := c.run(obj, "actions/"+action+"/action.lua")
	if err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: restore(result, obj.Object).(map[string]any)}, nil //nolint:errcheck // it is one: see run
}

// run returns the table that a script of the object's kind returns.
func (c Customizations) run(obj *unstructured.Unstructured, script string) (map[string]any, error) {
	kind := obj.GroupVersionKind()
	source, err := os.ReadFile(filepath.Join(c.Dir, kind.Group, kind.Kind, filepath.FromSlash(script)))
	if err != nil {
		return nil, err
	}
	state, err := sandbox()
	if err != nil {
		return nil, err
	}
	defer state.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(state, obj.Object))
	if err := state.DoString(string(source)); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", script, kind.Kind, err)
	}
	result, ok := fromLua(state.Get(-1)).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s of %s does not return a table with fields", script, kind.Kind)
	}
	return result, nil
}

// sandbox has what Argo CD gives scripts from its ConfigMap.
func sandbox() (*lua.LState, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.LoadLibName: lua.OpenPackage} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	state.PreloadModule(lua.OsLibName, func(state *lua.LState) int {
		state.Push(state.SetFuncs(state.NewTable(), map[string]lua.LGFunction{"date": date}))
		return 1
	})
	return state, nil
}

// date is os.date for the one format that the scripts use.
func date(state *lua.LState) int {
	const format = "!%Y-%m-%dT%H:%M:%SZ"
	if got := state.CheckString(1); got != format {
		state.RaiseError("the format is %q, not %q", got, format)
	}
	state.Push(lua.LString(time.Now().UTC().Format(time.RFC3339)))
	return 1
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := state.NewTable()
		for _, element := range value {
			table.Append(toLua(state, element))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, element := range value {
			table.RawSetString(key, toLua(state, element))
		}
		return table
	}
	return lua.LNil
}

// fromLua takes an empty table for an empty list, as Argo CD does: Lua cannot tell the two apart.
func fromLua(value lua.LValue) any {
	switch value := value.(type) {
	case lua.LBool:
		return bool(value)
	case lua.LString:
		return string(value)
	case lua.LNumber:
		if whole := int64(value); lua.LNumber(whole) == value {
			return whole
		}
		return float64(value)
	case *lua.LTable:
		list, fields := []any{}, map[string]any{}
		value.ForEach(func(key, element lua.LValue) {
			if name, ok := key.(lua.LString); ok {
				fields[string(name)] = fromLua(element)
			} else {
				list = append(list, fromLua(element))
			}
		})
		if len(fields) > 0 {
			return fields
		}
		return list
	}
	return nil
}

// restore undoes what the way through Lua did to empty objects: an empty list where there was an object is that object
// again, as it was before, whatever the script may have taken from it.
func restore(after, before any) any {
	switch after := after.(type) {
	case map[string]any:
		if before, ok := before.(map[string]any); ok {
			for key := range after {
				after[key] = restore(after[key], before[key])
			}
		}
	case []any:
		switch before := before.(type) {
		case map[string]any:
			if len(after) == 0 {
				return before
			}
		case []any:
			for i := range min(len(after), len(before)) {
				after[i] = restore(after[i], before[i])
			}
		}
	}
	return after
}
