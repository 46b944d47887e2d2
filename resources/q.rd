<resource schema="twomass" resdir="twomass">
	<!-- The survey's tables and services.

	The columns come from processing/schema/*.yaml while DaCHS reads this file (processing/publish/rd_columns.py).
	The rows are in PostgreSQL schemas of their own, one a release; the schema "published" holds views of the one that
	is current. "twomass publish" moves those views and everything below to another release in one transaction. -->

	<meta name="creationDate">2025-01-01T00:00:00Z</meta>
	<meta name="title">2MASS in a Box: Point Sources and Images in J, H and Ks</meta>
	<meta name="description">
		A near-infrared sky survey in the manner of the Two Micron All Sky Survey: point sources with J (1.25 µm),
		H (1.65 µm) and Ks (2.16 µm) magnitudes, quality and confusion flags; the scans they were observed in; and the
		Atlas Images they were extracted from. Columns have the names, units and meaning of the 2MASS All-Sky Release.
	</meta>
	<meta name="subject">infrared-astronomy</meta>
	<meta name="subject">surveys</meta>
	<meta name="subject">catalogs</meta>
	<meta name="creator">2MASS in a Box</meta>
	<meta name="instrument">2MASS camera</meta>
	<meta name="facility">2MASS</meta>
	<meta name="source">2006AJ....131.1163S</meta>
	<meta name="contentLevel">Research</meta>
	<meta name="type">Survey</meta>
	<meta name="coverage.waveband">Infrared</meta>
	<meta name="schema-rank">10</meta>
	<meta name="_longdoc" format="rst">
		Ask the catalog by position in the browser or by Simple Cone Search, the images by SIA (versions 1 and 2) and
		ObsTAP, and everything by ADQL at the TAP service of this site. In ADQL the column ``date`` is written with
		quotes, ``"date"``, because the word is reserved. A magnitude that was not measured is null, never zero.
	</meta>

	<!-- Where on the sky: from the release's coverage.fits, when it is published. -->
	<coverage>
		<spectral>8.67e-20 1.72e-19</spectral>
	</coverage>

	<STREAM id="column">
		<doc>One column as processing.publish.rd_columns describes it.</doc>
		<column name="\name" type="\type" unit="\unit" ucd="\ucd" tablehead="\tablehead" description="\description"
			required="\required" verbLevel="\verbLevel"><values nullLiteral="\nullLiteral"/></column>
	</STREAM>

	<!-- ======================================================== tables -->

	<table id="scans" onDisk="True" adql="True" primary="scan_key">
		<meta name="table-rank">30</meta>
		<meta name="description">Scans: one row for each pass of the telescope along a tile, with its footprint, time,
			seeing, zero points and depth.</meta>
		<index columns="scan_key"/>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("scans")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.scans</viewStatement>
	</table>

	<table id="atlas" onDisk="True" adql="True" primary="atlas_key">
		<meta name="table-rank">20</meta>
		<meta name="description">Atlas Images: one row for each image (one band of one coadd), with its centre, corners,
			time, zero point, footprint and address. The same images are in ivoa.obscore.</meta>
		<foreignKey inTable="scans" source="scan_key" metaOnly="True"/>
		<index columns="atlas_key"/>
		<index columns="coadd_key"/>
		<index columns="scan_key"/>
		<index columns="ra,dec" kind="q3c"/>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import image_terms
				yield image_terms()
			</codeItems>
			<events>
				<mixin
					dataproduct_type="'image'"
					calib_level="3"
					obs_collection="'2MASS in a Box Atlas Images'"
					obs_id="file"
					obs_title="\title"
					access_format="'image/fits'"
					access_estsize="(bytes + 1023) / 1024"
					s_ra="ra" s_dec="dec" s_fov="\s_fov" s_region="s_region"
					s_resolution="seeing" s_pixel_scale="pixel_scale" s_xel1="naxis1" s_xel2="naxis2"
					t_min="\t_min" t_max="\t_max" t_exptime="\t_exptime" t_xel="1"
					em_min="\em_min" em_max="\em_max" em_xel="1" em_ucd="'em.wl'"
					o_ucd="'phot.count'"
					facility_name="\facility" instrument_name="'2MASS camera'"
				>//obscore#publish</mixin>
			</events>
		</LOOP>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("atlas")
			</codeItems>
		</LOOP>
		<!-- Not in the release's table: what only a server can tell. -->
		<column name="s_region" type="spoly" unit="deg" ucd="pos.outline;obs.field" tablehead="footprint" verbLevel="15"
			description="Footprint of the image, ICRS: the polygon of its four corners"/>
		<column name="accref" type="text" ucd="meta.ref.url" tablehead="image" verbLevel="1"
			displayHint="type=product" description="Address at which the FITS file is to be had"/>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.atlas</viewStatement>
	</table>

	<table id="psc" onDisk="True" adql="True" primary="pts_key">
		<meta name="table-rank">10</meta>
		<meta name="description">Point sources: positions, J, H and Ks magnitudes with uncertainties, quality,
			contamination and confusion flags, one row for each source.</meta>
		<foreignKey inTable="scans" source="scan_key" metaOnly="True"/>
		<foreignKey inTable="atlas" source="coadd_key" metaOnly="True"/>
		<index columns="ra,dec" kind="q3c"/>
		<index columns="pts_key"/>
		<index columns="designation"/>
		<index columns="j_m"/>
		<index columns="h_m"/>
		<index columns="k_m"/>
		<stc>Position ICRS "ra" "dec"</stc>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("psc")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.psc</viewStatement>
	</table>

	<table id="data" onDisk="True" adql="True">
		<meta name="table-rank">40</meta>
		<meta name="description">The point sources under the column names of VizieR's II/246, which public tutorials and
			scripts use; every row of twomass.psc, a choice of its columns.</meta>
		<index columns="raj2000,dej2000" kind="q3c"/>
		<index columns="cntr"/>
		<index columns="mainid"/>
		<index columns="jmag"/>
		<index columns="hmag"/>
		<index columns="kmag"/>
		<stc>Position ICRS "raj2000" "dej2000"</stc>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("data")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.data</viewStatement>
	</table>

	<table id="images" onDisk="True">
		<meta name="description">The Atlas Images in the columns that SIA version 1 asks for.</meta>
		<FEED source="//siap#SIAPbase"/>
		<column name="coverage" type="spoly" unit="deg" description="Field covered by the image"/>
		<column name="atlas_key" type="integer" required="True" ucd="meta.id;meta.main" verbLevel="15"
			description="Key of the image in twomass.atlas"/>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import image_terms
				yield image_terms()
			</codeItems>
			<events>
				<viewStatement>
					CREATE VIEW \\qName AS SELECT
						accref, NULL::text AS owner, NULL::date AS embargo, 'image/fits'::text AS mime, bytes AS accsize,
						ra AS centeralpha, dec AS centerdelta, \title AS imagetitle, '2MASS camera'::text AS instid,
						mjd AS dateobs, 2 AS naxes, ARRAY[naxis1, naxis2] AS pixelsize,
						ARRAY[-pixel_scale / 3600, pixel_scale / 3600]::real[] AS pixelscale, 'ICRS'::text AS refframe,
						NULL::real AS wcs_equinox, 'SIN'::text AS wcs_projection, NULL::real[] AS wcs_refpixel,
						NULL::double precision[] AS wcs_refvalues, NULL::real[] AS wcs_cdmatrix,
						band AS bandpassid, 'm'::text AS bandpassunit, (\em_mid)::real AS bandpassrefval,
						(\em_max)::real AS bandpasshi, (\em_min)::real AS bandpasslo, 'F'::text AS pixflags,
						s_region AS coverage, atlas_key
					FROM published.atlas
				</viewStatement>
			</events>
		</LOOP>
	</table>

	<data id="publish">
		<nullGrammar/>
		<sources/>
		<make table="scans"/>
		<make table="atlas"/>
		<make table="psc"/>
		<make table="data"/>
		<make table="images"/>
	</data>
</resource>
