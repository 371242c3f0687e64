//! Reads a GraphQL document against the schema, resolves arguments, and cuts results to what was asked for.
//! Checks everything before anything is done; knows no shop.

use std::collections::BTreeMap;

use graphql_parser::query as ast;
use serde_json::{Map, Value, json};

use super::schema::{self, Holds};

/// Deeper than any real document; also what stops fragments that name each other in a ring.
const NESTING_MAX: usize = 16;
/// Fragments that name others twice double at each step; this is where that ends.
const SELECTIONS_MAX: usize = 2_000;

pub(crate) type Field = ast::Field<'static, String>;
type Selections = ast::SelectionSet<'static, String>;
type Literal = ast::Value<'static, String>;

/// An entry of the answer's top-level `errors`.
#[derive(Debug)]
pub(crate) struct GraphqlError {
    code: &'static str,
    message: String,
}

impl GraphqlError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "message": self.message, "extensions": { "code": self.code } })
    }
}

/// A checked request: what is selected at the root, with variables and fragments at hand.
#[derive(Debug)]
pub(crate) struct Request {
    fields: Vec<Field>,
    fragments: BTreeMap<String, ast::FragmentDefinition<'static, String>>,
    variables: Map<String, Value>,
}

/// Parses, picks the operation, checks selections and variables.
pub(crate) fn read(
    text: &str,
    operation_name: Option<&str>,
    given: Map<String, Value>,
) -> Result<Request, GraphqlError> {
    let document = graphql_parser::parse_query::<String>(text)
        .map_err(|_| GraphqlError::new("parseError", "syntax error in the GraphQL document"))?
        .into_static();
    let mut fragments = BTreeMap::new();
    let mut operations = Vec::new();
    for definition in document.definitions {
        match definition {
            ast::Definition::Fragment(fragment) => drop(fragments.insert(fragment.name.clone(), fragment)),
            ast::Definition::Operation(operation) => operations.push(Operation::from(operation)),
        }
    }
    let operation = choose(operations, operation_name)?;
    let variables = bind(&operation.variables, given)?;
    Check { fragments: &fragments, left: SELECTIONS_MAX }.selections(
        &operation.selections,
        operation.root()?,
        0,
    )?;
    let fields = root_fields(operation.selections)?;
    Ok(Request { fields, fragments, variables })
}

#[derive(Clone, Copy)]
enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

struct Operation {
    kind: OperationKind,
    name: Option<String>,
    variables: Vec<ast::VariableDefinition<'static, String>>,
    selections: Selections,
}

impl From<ast::OperationDefinition<'static, String>> for Operation {
    fn from(definition: ast::OperationDefinition<'static, String>) -> Self {
        let (kind, name, variables, selections) = match definition {
            ast::OperationDefinition::SelectionSet(set) => (OperationKind::Query, None, Vec::new(), set),
            ast::OperationDefinition::Query(query) => {
                (OperationKind::Query, query.name, query.variable_definitions, query.selection_set)
            }
            ast::OperationDefinition::Mutation(mutation) => (
                OperationKind::Mutation,
                mutation.name,
                mutation.variable_definitions,
                mutation.selection_set,
            ),
            ast::OperationDefinition::Subscription(it) => {
                (OperationKind::Subscription, it.name, it.variable_definitions, it.selection_set)
            }
        };
        Self { kind, name, variables, selections }
    }
}

impl Operation {
    fn root(&self) -> Result<&'static str, GraphqlError> {
        match self.kind {
            OperationKind::Query => Ok("QueryRoot"),
            OperationKind::Mutation => Ok("Mutation"),
            OperationKind::Subscription => {
                Err(GraphqlError::new("missingSchema", "Schema is not configured for subscriptions"))
            }
        }
    }
}

fn choose(operations: Vec<Operation>, name: Option<&str>) -> Result<Operation, GraphqlError> {
    let several = operations.len() > 1;
    let chosen = match name.filter(|name| !name.is_empty()) {
        None if several => {
            return Err(GraphqlError::new("operationName", "An operation name is required"));
        }
        None => operations.into_iter().next(),
        Some(name) => operations.into_iter().find(|operation| operation.name.as_deref() == Some(name)),
    };
    chosen.ok_or_else(|| GraphqlError::new("operationName", "No operation of that name"))
}

/// Gives every declared variable its value, its default, or null; refuses to go without a required one.
fn bind(
    declared: &[ast::VariableDefinition<'static, String>],
    mut given: Map<String, Value>,
) -> Result<Map<String, Value>, GraphqlError> {
    let mut bound = Map::new();
    for variable in declared {
        let value = match given.remove(&variable.name) {
            Some(value) => value,
            None => match &variable.default_value {
                Some(default) => literal(default, &Map::new())?,
                None => Value::Null,
            },
        };
        if value.is_null() && matches!(variable.var_type, ast::Type::NonNullType(_)) {
            let message = format!(
                "Variable ${} of type {} was provided invalid value",
                variable.name, variable.var_type
            );
            return Err(GraphqlError::new("INVALID_VARIABLE", message));
        }
        bound.insert(variable.name.clone(), value);
    }
    Ok(bound)
}

fn literal(value: &Literal, variables: &Map<String, Value>) -> Result<Value, GraphqlError> {
    Ok(match value {
        ast::Value::Variable(name) => variables.get(name).cloned().ok_or_else(|| {
            GraphqlError::new("variableNotDefined", format!("Variable ${name} is used but not declared"))
        })?,
        ast::Value::Int(number) => json!(number.as_i64()),
        ast::Value::Float(number) => json!(number),
        ast::Value::String(text) | ast::Value::Enum(text) => json!(text),
        ast::Value::Boolean(flag) => json!(flag),
        ast::Value::Null => Value::Null,
        ast::Value::List(items) => {
            items.iter().map(|item| literal(item, variables)).collect::<Result<Vec<_>, _>>()?.into()
        }
        ast::Value::Object(entries) => {
            let mut object = Map::new();
            for (name, value) in entries {
                object.insert(name.clone(), literal(value, variables)?);
            }
            Value::Object(object)
        }
    })
}

/// Walks a document once, before it runs.
struct Check<'a> {
    fragments: &'a BTreeMap<String, ast::FragmentDefinition<'static, String>>,
    left: usize,
}

impl Check<'_> {
    fn selections(&mut self, set: &Selections, type_name: &str, depth: usize) -> Result<(), GraphqlError> {
        if depth > NESTING_MAX {
            return Err(GraphqlError::new("maxDepth", "The document is nested too deeply"));
        }
        for selection in &set.items {
            self.left = self.left.checked_sub(1).ok_or_else(|| {
                GraphqlError::new("MAX_COST_EXCEEDED", "The document selects too many fields")
            })?;
            self.selection(selection, type_name, depth)?;
        }
        Ok(())
    }

    fn selection(
        &mut self,
        selection: &ast::Selection<'static, String>,
        type_name: &str,
        depth: usize,
    ) -> Result<(), GraphqlError> {
        match selection {
            ast::Selection::Field(field) => self.field(field, type_name, depth),
            ast::Selection::InlineFragment(fragment) => {
                no_directives(&fragment.directives)?;
                let on = fragment.type_condition.as_ref().map_or(type_name, condition);
                self.fragment(on, &fragment.selection_set, depth)
            }
            ast::Selection::FragmentSpread(spread) => {
                no_directives(&spread.directives)?;
                let fragments = self.fragments;
                let fragment = fragments.get(&spread.fragment_name).ok_or_else(|| {
                    let message = format!("Fragment {} was used, but not defined", spread.fragment_name);
                    GraphqlError::new("useAndDefineFragment", message)
                })?;
                self.fragment(condition(&fragment.type_condition), &fragment.selection_set, depth)
            }
        }
    }

    fn fragment(&mut self, on: &str, set: &Selections, depth: usize) -> Result<(), GraphqlError> {
        if !schema::is_type(on) {
            let message = format!("No such type {on}, so it can't be a fragment condition");
            return Err(GraphqlError::new("undefinedType", message));
        }
        self.selections(set, on, depth + 1)
    }

    fn field(&mut self, field: &Field, type_name: &str, depth: usize) -> Result<(), GraphqlError> {
        no_directives(&field.directives)?;
        let name = &field.name;
        match (schema::field(type_name, name), field.selection_set.items.is_empty()) {
            (None, _) => {
                let message = format!("Field '{name}' doesn't exist on type '{type_name}'");
                Err(GraphqlError::new("undefinedField", message))
            }
            (Some(Holds::Leaf), true) => Ok(()),
            (Some(Holds::Object(inner)), false) => self.selections(&field.selection_set, inner, depth + 1),
            (Some(Holds::Leaf), false) => Err(GraphqlError::new(
                "selectionMismatch",
                format!("Selections can't be made on scalars (field '{name}')"),
            )),
            (Some(Holds::Object(_)), true) => Err(GraphqlError::new(
                "selectionMismatch",
                format!("Field must have selections (field '{name}')"),
            )),
        }
    }
}

/// Following a directive wrongly would be worse than saying that none is understood.
fn no_directives(directives: &[ast::Directive<'static, String>]) -> Result<(), GraphqlError> {
    match directives.first() {
        None => Ok(()),
        Some(directive) => {
            let message = format!("Directive @{} is not defined", directive.name);
            Err(GraphqlError::new("undefinedDirective", message))
        }
    }
}

fn condition<'a>(condition: &'a ast::TypeCondition<'static, String>) -> &'a str {
    let ast::TypeCondition::On(name) = condition;
    name
}

fn root_fields(selections: Selections) -> Result<Vec<Field>, GraphqlError> {
    selections
        .items
        .into_iter()
        .map(|selection| match selection {
            ast::Selection::Field(field) if field.name != "__typename" => Ok(field),
            _ => Err(GraphqlError::new("undefinedField", "Only fields are simulated at the root")),
        })
        .collect()
}

/// What the answer calls a field.
pub(crate) fn key(field: &Field) -> String {
    field.alias.clone().unwrap_or_else(|| field.name.clone())
}

impl Request {
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub(crate) fn arguments(&self, field: &Field) -> Result<Arguments, GraphqlError> {
        let mut left = Map::new();
        for (name, value) in &field.arguments {
            left.insert(name.clone(), literal(value, &self.variables)?);
        }
        Ok(Arguments { left })
    }

    /// Cuts a result to the field's selections and to as much of a list as the field asks for.
    pub(crate) fn select(&self, field: &Field, result: &Value) -> Value {
        match result {
            Value::Array(items) if !field.selection_set.items.is_empty() => {
                items.iter().take(self.first(field)).map(|item| self.select(field, item)).collect()
            }
            Value::Object(object) if object.contains_key("nodes") && !object.contains_key("pageInfo") => {
                self.select(field, &self.paged(field, object))
            }
            Value::Object(object) => {
                let mut selected = Map::new();
                self.collect(&field.selection_set, object, &mut selected);
                Value::Object(selected)
            }
            leaf => leaf.clone(),
        }
    }

    fn first(&self, field: &Field) -> usize {
        let first = self.argument(field, "first").and_then(|first| first.as_u64());
        first.and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX)
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let (_, value) = field.arguments.iter().find(|(known, _)| known == name)?;
        literal(value, &self.variables).ok()
    }

    /// A list within an object is whole until here; its cursors are places in it.
    fn paged(&self, field: &Field, connection: &Map<String, Value>) -> Value {
        let all = connection.get("nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let after = self.argument(field, "after");
        let from = after.and_then(|after| after.as_str()?.parse::<usize>().ok()).unwrap_or(0);
        let until = from.saturating_add(self.first(field)).min(all.len());
        let info = json!({
            "__typename": "PageInfo", "hasNextPage": until < all.len(), "endCursor": until.to_string(),
        });
        let mut page = connection.clone();
        page.insert("nodes".to_owned(), all.get(from..until).unwrap_or_default().into());
        page.insert("pageInfo".to_owned(), info);
        page.into()
    }

    fn collect(&self, set: &Selections, object: &Map<String, Value>, into: &mut Map<String, Value>) {
        let actual = object.get("__typename").and_then(Value::as_str);
        for selection in &set.items {
            match selection {
                ast::Selection::Field(field) => {
                    let value = object.get(&field.name).unwrap_or(&Value::Null);
                    into.insert(key(field), self.select(field, value));
                }
                ast::Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().map(condition);
                    if on.is_none() || on.zip(actual).is_some_and(|(on, actual)| schema::applies(on, actual))
                    {
                        self.collect(&fragment.selection_set, object, into);
                    }
                }
                ast::Selection::FragmentSpread(spread) => {
                    if let Some((fragment, actual)) = self.fragments.get(&spread.fragment_name).zip(actual)
                        && schema::applies(condition(&fragment.type_condition), actual)
                    {
                        self.collect(&fragment.selection_set, object, into);
                    }
                }
            }
        }
    }
}

/// Arguments or an input object, consumed one by one; what is left over is refused.
#[derive(Debug)]
pub(crate) struct Arguments {
    left: Map<String, Value>,
}

impl Arguments {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, GraphqlError> {
        match self.left.remove(name) {
            Some(Value::String(text)) => Ok(text),
            Some(Value::Number(number)) if number.is_i64() => Ok(number.to_string()),
            other => Err(refused(name, other.as_ref())),
        }
    }

    /// Text; absent and null are the same.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, GraphqlError> {
        Ok(self.nullable_text(name)?.flatten())
    }

    pub(crate) fn count(&mut self, name: &str) -> Result<u32, GraphqlError> {
        let given = self.left.remove(name);
        let count = given.as_ref().and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
        count.ok_or_else(|| refused(name, given.as_ref()))
    }

    /// Absent, null, or text.
    pub(crate) fn nullable_text(&mut self, name: &str) -> Result<Option<Option<String>>, GraphqlError> {
        match self.left.remove(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => Ok(Some(Some(text))),
            other => Err(refused(name, other.as_ref())),
        }
    }

    /// A list of texts, or one text of comma-separated tags. Tags are trimmed; empty ones vanish.
    pub(crate) fn tags(&mut self, name: &str) -> Result<Vec<String>, GraphqlError> {
        let texts: Option<Vec<String>> = match self.left.remove(name) {
            Some(Value::String(text)) => Some(text.split(',').map(str::to_owned).collect()),
            Some(Value::Array(items)) => {
                items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        };
        let texts = texts.ok_or_else(|| refused(name, Some(&Value::Null)))?;
        Ok(texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned).collect())
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Self, GraphqlError> {
        match self.left.remove(name) {
            Some(Value::Object(left)) => Ok(Self { left }),
            other => Err(refused(name, other.as_ref())),
        }
    }

    pub(crate) fn finish(self) -> Result<(), GraphqlError> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(GraphqlError::new(
                "argumentNotAccepted",
                format!("'{name}' is not accepted here, or not simulated"),
            )),
        }
    }
}

fn refused(name: &str, given: Option<&Value>) -> GraphqlError {
    match given {
        None => GraphqlError::new("missingRequiredArguments", format!("'{name}' is required")),
        Some(_) => {
            GraphqlError::new("argumentLiteralsIncompatible", format!("'{name}' has an invalid value"))
        }
    }
}
