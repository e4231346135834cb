//! Questions about one persona, with their answers.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use serde_json::Value;

use super::{One, Opened, Wanted, open};
use crate::access::{self, AccessQuestion, Column, Decision, Persona, Realm, Ways};
use crate::cli::Global;
use crate::cli::realms::{Format, style};
use crate::cli::terminal::{document, print};
use crate::keycloak::Want;
use crate::report::{self, Asked};
use crate::state::Address;

/// One persona, and the resources that it is asked about.
pub(super) struct Answered {
    opened: Opened,
    pub(super) found: Vec<Wanted>,
    pub(super) persona: Persona,
}

impl Answered {
    pub(super) async fn open(args: &One, run: &str, global: Global) -> anyhow::Result<Option<Self>> {
        let about = &args.about;
        let also = Want { users: access::user_named(&args.persona).into_iter().collect(), ..Want::default() };
        let Some(opened) = open(&about.asking(), run, &also, about.resource.as_deref(), global).await? else {
            return Ok(None);
        };
        let found = opened.wanted(about)?;
        let (cast, asking) = opened.cast(about.asking_client.as_deref())?;
        let persona = cast.named(&args.persona).map_err(anyhow::Error::msg)?;
        let persona = opened.dressed(persona, asking.as_ref());
        Ok(Some(Self { opened, found, persona }))
    }

    /// Answers for each resource, and once more for each way on which it is decided otherwise.
    pub(super) fn answers<'a, T>(
        &'a self,
        place: &'a dyn Fn(&Address) -> Option<String>,
        answer: impl Fn(&Realm, &AccessQuestion<'_>) -> anyhow::Result<T>,
        decision: impl Fn(&T) -> &Decision,
    ) -> anyhow::Result<Vec<(Asked<'a>, T)>> {
        let (realm, name) = (&self.opened.realm, self.opened.asked_realm().realm.as_str());
        let mut out = Vec::new();
        let mut columns: BTreeMap<&Address, Vec<Column>> = BTreeMap::new();
        for Wanted { client, resource, scope } in &self.found {
            let scopes: Vec<String> = scope.iter().cloned().collect();
            let mut said: Vec<(T, Ways)> = Vec::new();
            let of_client = columns
                .entry(client)
                .or_insert_with(|| access::columns(realm, client, slice::from_ref(&self.persona)));
            for Column { persona, through, .. } in of_client {
                let question = AccessQuestion { client, resource: Some(resource), scopes: &scopes, persona };
                let now = answer(realm, &question)?;
                match said.iter_mut().find(|it| decision(&it.0) == decision(&now)) {
                    Some((_, known)) => known.ways.extend(through.ways.iter().cloned()),
                    None => said.push((now, through.clone())),
                }
            }
            let is_one = said.len() == 1;
            let clients: BTreeSet<&Address> =
                said.iter().flat_map(|it| &it.1.ways).map(|it| &it.client).collect();
            let clients = clients.len();
            out.extend(said.into_iter().map(|(said, through)| {
                let through = if is_one { Ways::default() } else { through };
                let scope = scope.as_deref();
                (
                    Asked { realm: name, client, resource, scope, through, clients, place, style: style() },
                    said,
                )
            }));
        }
        Ok(out)
    }

    /// Shows all answers, and returns of each whether it grants what is asked for.
    pub(super) fn show<T>(
        &self,
        format: Format,
        answer: impl Fn(&Realm, &AccessQuestion<'_>) -> anyhow::Result<T>,
        decision: impl Fn(&T) -> &Decision,
        text: impl Fn(&Asked<'_>, &str, &T) -> String,
        json: impl Fn(&Asked<'_>, &str, &T) -> Value,
    ) -> anyhow::Result<Vec<Option<bool>>> {
        let place = |it: &Address| self.opened.place(it);
        let name = self.persona.name.as_str();
        let answers = self.answers(&place, answer, &decision)?;
        match format {
            Format::Text => {
                let texts: Vec<String> =
                    answers.iter().map(|(asked, said)| text(asked, name, said)).collect();
                let between = if texts.iter().any(|it| it.lines().count() > 1) { "\n" } else { "" };
                print(&texts.join(between));
            }
            Format::Json => {
                let documents = answers.iter().map(|(asked, said)| json(asked, name, said)).collect();
                document(report::answers_json(documents));
            }
        }
        Ok(answers.iter().map(|(asked, said)| decision(said).grants(asked.scope)).collect())
    }
}
